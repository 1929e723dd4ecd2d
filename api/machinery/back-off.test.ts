import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backOffDelay } from './back-off.ts';

describe('backOffDelay', () => {
  it.each([
    { reason: 'the first wait', failures: 1, want: 100 },
    { reason: 'doubled', failures: 2, want: 200 },
    { reason: 'at most the maximum', failures: 6, want: 3000 },
    { reason: 'for ever', failures: 1_000_000, want: 3000 },
  ])('$reason', ({ failures, want, reason }) => {
    expect(backOffDelay({ first: 100, max: 3000 }, failures), reason).toBe(want);
  });

  it('takes off at most the share that is random', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, jitter, random) => {
          const whole = backOffDelay({ first: 7, max: 5000 }, failures);
          const delay = backOffDelay({ first: 7, max: 5000, jitter }, failures, () => random);
          expect(delay).toBeLessThanOrEqual(whole);
          expect(delay).toBeGreaterThanOrEqual(whole * (1 - jitter));
        },
      ),
    );
  });
});
