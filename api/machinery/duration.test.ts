import { describe, expect, it } from 'vitest';
import { formatAge, formatAgeOf } from './duration.ts';

const S = 1000;
const M = 60 * S;
const H = 60 * M;
const D = 24 * H;

describe('formatAge', () => {
  it.each([
    [-5 * S, '<invalid>', 'in the future'],
    [-1 * S, '0s', 'clocks may differ by a second'],
    [0, '0s', 'now'],
    [119 * S, '119s', 'seconds up to two minutes'],
    [2 * M, '2m', 'no zero seconds'],
    [5 * M + 30 * S, '5m30s', 'seconds below ten minutes'],
    [10 * M + 30 * S, '10m', 'minutes only'],
    [179 * M, '179m', 'minutes up to three hours'],
    [3 * H, '3h', 'no zero minutes'],
    [7 * H + 59 * M, '7h59m', 'minutes below eight hours'],
    [47 * H, '47h', 'hours up to two days'],
    [2 * D, '2d', 'no zero hours'],
    [7 * D + 3 * H, '7d3h', 'hours below eight days'],
    [729 * D, '729d', 'days up to two years'],
    [3 * 365 * D + 2 * D, '3y2d', 'days below eight years'],
    [9 * 365 * D + 2 * D, '9y', 'years only'],
  ])('%d ms is %s', (ms, want, reason) => {
    expect(formatAge(ms), reason).toBe(want);
  });

  it.each([
    [undefined, '<unknown>'],
    ['yesterday', '<invalid>'],
    ['2026-11-21T06:00:00Z', '60s'],
  ])('of %s', (time, want) => {
    expect(formatAgeOf(time, Date.parse('2026-11-21T06:01:00Z'))).toBe(want);
  });
});
