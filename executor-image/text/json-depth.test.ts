import { expect, it } from 'vitest';
import { isShallow } from './json-depth.ts';

const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

it.each([
  { value: 1, most: 0, shallow: true },
  { value: null, most: 0, shallow: true },
  { value: [], most: 0, shallow: false },
  { value: { a: [1, { b: 2 }] }, most: 3, shallow: true },
  { value: { a: [1, { b: 2 }] }, most: 2, shallow: false },
  { value: nested(100), most: undefined, shallow: true },
  { value: nested(101), most: undefined, shallow: false },
  // Far beyond what JSON.stringify can do.
  { value: nested(30_000), most: undefined, shallow: false },
])('case %#', ({ value, most, shallow }) => {
  expect(isShallow(value, most)).toBe(shallow);
});
