import { describe, expect, test } from 'vitest';
import { formatTable } from './figure.ts';
import { load, percentiles } from './load.ts';

describe('percentiles', () => {
  test.each([
    { reason: 'one value is every percentile', values: [7], p50Ms: 7, p99Ms: 7 },
    { reason: 'nearest rank, whatever the order', values: [3, 1, 2, 4], p50Ms: 2, p99Ms: 4 },
    {
      reason: 'the worst of a hundred is above the 99th percentile',
      values: Array.from({ length: 100 }, (_, index) => index + 1),
      p50Ms: 50,
      p99Ms: 99,
    },
  ])('$reason', ({ values, p50Ms, p99Ms, reason }) => {
    expect(percentiles(values), reason).toEqual({ p50Ms, p99Ms });
  });
});

describe('load', () => {
  test('makes every call once and never more at a time than asked for', async () => {
    const seen: number[] = [];
    let active = 0;
    let most = 0;
    await load({
      count: 50,
      concurrency: 4,
      call: async (index) => {
        active += 1;
        most = Math.max(most, active);
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
        seen.push(index);
        active -= 1;
      },
    });
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index));
    expect(most).toBe(4);
  });
});

describe('formatTable', () => {
  test('aligns its columns and marks what is absent', () => {
    const table = formatTable([{ name: 'get', on: 'sqlite', value: '2000/s', p50Ms: 1.234 }]).split('\n');
    expect(table[2]).toBe('get     sqlite  2000/s  1.23    -       -       -        -');
  });
});
