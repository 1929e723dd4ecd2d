import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyMergePatch } from '#api/machinery/json/merge-patch';
import { threeWayMergePatch } from './three-way-merge.ts';

describe('threeWayMergePatch', () => {
  it.each([
    { reason: 'nothing to do', original: { a: 1 }, modified: { a: 1 }, current: { a: 1, s: 2 }, want: {} },
    { reason: 'a new value', original: { a: 1 }, modified: { a: 2 }, current: { a: 1 }, want: { a: 2 } },
    {
      reason: 'a field taken out of the manifest goes, inside too',
      original: { a: { b: 1, c: 2 }, d: 3 },
      modified: { a: { b: 1 } },
      current: { a: { b: 1, c: 2, x: 9 }, d: 3 },
      want: { a: { c: null }, d: null },
    },
    {
      reason: 'what others set stays',
      original: { labels: { mine: '1' } },
      modified: { labels: { mine: '2' } },
      current: { labels: { mine: '1', theirs: 'x' }, status: { phase: 'x' } },
      want: { labels: { mine: '2' } },
    },
    {
      reason: 'what is gone already is not taken out again',
      original: { a: 1 },
      modified: {},
      current: {},
      want: {},
    },
    {
      reason: 'lists are replaced whole',
      original: {},
      modified: { l: [1] },
      current: { l: [1, 2] },
      want: { l: [1] },
    },
    {
      reason: 'drift is set right',
      original: { a: 1 },
      modified: { a: 1 },
      current: { a: 5 },
      want: { a: 1 },
    },
    {
      reason: 'nothing was ever applied',
      original: undefined,
      modified: { a: 1 },
      current: { b: 1 },
      want: { a: 1 },
    },
    {
      reason: 'a mapping in place of a value',
      original: {},
      modified: { a: { b: 1 } },
      current: { a: 'x' },
      want: { a: { b: 1 } },
    },
  ])('$reason', ({ original, modified, current, want, reason }) => {
    expect(threeWayMergePatch({ original, modified, current }), reason).toEqual(want);
  });

  const value: fc.Arbitrary<object> = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.integer({ max: 3, min: 0 }),
      fc.array(fc.integer({ max: 2, min: 0 })),
      tie('mapping'),
    ),
    mapping: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), tie('value'), { maxKeys: 3 }),
  })).mapping;

  /** True when everything in `part` is in `whole`. */
  function contains(whole: unknown, part: unknown): boolean {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) {
      return JSON.stringify(whole) === JSON.stringify(part);
    }
    if (typeof whole !== 'object' || whole === null || Array.isArray(whole)) return false;
    return Object.entries(part).every(
      ([key, inner]) => Object.hasOwn(whole, key) && contains((whole as Record<string, unknown>)[key], inner),
    );
  }

  it('makes the object contain the manifest, and has nothing to do the second time', () => {
    fc.assert(
      fc.property(value, value, value, (original, modified, current) => {
        const after = applyMergePatch(current, threeWayMergePatch({ original, modified, current }));
        expect(contains(after, modified)).toBe(true);
        expect(threeWayMergePatch({ original: modified, modified, current: after })).toEqual({});
      }),
      { numRuns: 1000 },
    );
  });
});
