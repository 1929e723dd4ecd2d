import { describe, expect, it } from 'vitest';
import { TookTooLongError, withinTime } from './time-limit.ts';

/** Synchronous, and takes no processor time. */
function stand(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe('a limit of processor time', () => {
  it('gives the result of the work, and throws what it throws', () => {
    expect(withinTime(() => 7, 1000)).toBe(7);
    expect(() =>
      withinTime(() => {
        throw new RangeError('mine');
      }, 1000),
    ).toThrow(new RangeError('mine'));
  });

  it('stops work that does not end', () => {
    expect(() =>
      withinTime(() => {
        for (;;);
      }, 20),
    ).toThrow(TookTooLongError);
  });

  it('lets work begin again that the machine has kept waiting', () => {
    let begun = 0;
    const slowAtFirst = (): string => {
      begun += 1;
      const waits = begun === 1 ? 100 : 0;
      for (let at = 0; at < waits; at += 1) stand(10);
      return 'done';
    };
    expect(withinTime(slowAtFirst, 100)).toBe('done');
    expect(begun).toBe(2);
  });

  it('does not wait for ever for a machine that does nothing', () => {
    expect(() =>
      withinTime(() => {
        for (;;) stand(5);
      }, 20),
    ).toThrow(TookTooLongError);
  });
});
