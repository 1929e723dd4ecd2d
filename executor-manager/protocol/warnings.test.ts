import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RUN_LIMITS } from './run.ts';
import { boundedWarnings } from './warnings.ts';

const of = (count: number, warning: string): string[] => Array.from({ length: count }, () => warning);

it.each([
  { given: [], want: [], why: 'none' },
  { given: of(20, 'w'), want: of(20, 'w'), why: 'as many as fit' },
  { given: of(21, 'w'), want: [...of(20, 'w'), 'And 1 more warning.'], why: 'one more' },
  { given: of(50, 'w'), want: [...of(20, 'w'), 'And 30 more warnings.'], why: 'many more' },
  { given: ['ä'.repeat(2048)], want: ['ä'.repeat(2048)], why: 'as long as one may be' },
  {
    given: ['ä'.repeat(2049)],
    want: [`${'ä'.repeat(2046)} ...`],
    why: 'a long one is cut between characters',
  },
  {
    given: of(9, 'w'.repeat(4096)),
    want: [...of(4, 'w'.repeat(4096)), 'And 5 more warnings.'],
    why: 'more bytes than all may have',
  },
])('$why', ({ given, want }) => {
  expect(boundedWarnings(given)).toEqual(want);
});

it('never has more than it may, and tells of each that it leaves out', () => {
  const warning = fc.string({ unit: 'grapheme', maxLength: 6000, size: 'max' });
  fc.assert(
    fc.property(fc.array(warning, { maxLength: 40 }), (given) => {
      const bounded = boundedWarnings(given);
      const left = /^And (\d+) more warnings?\.$/.exec(bounded.at(-1) ?? '')?.[1];
      const kept = left === undefined ? bounded : bounded.slice(0, -1);
      expect(kept.length + Number(left ?? 0)).toBe(given.length);
      expect(Buffer.byteLength(kept.join(''))).toBeLessThanOrEqual(RUN_LIMITS.warningBytes);
    }),
    { numRuns: 50 },
  );
});
