import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutText, cutValue, lastBytes } from './cut.ts';

const text = fc.string({ unit: 'binary', maxLength: 200 }).map((value) => value.toWellFormed());

describe('cut', () => {
  it('keeps a whole-character prefix or suffix within the limit, as long as it can', () => {
    fc.assert(
      fc.property(text, fc.nat(300), (value, bytes) => {
        const start = cutText(value, bytes);
        expect(value.startsWith(start)).toBe(true);
        const end = lastBytes(value, bytes);
        expect(value.endsWith(end)).toBe(true);
        for (const part of [start, end]) {
          const size = Buffer.byteLength(part);
          expect(size).toBeLessThanOrEqual(bytes);
          if (part !== value) expect(size).toBeGreaterThan(bytes - 4);
        }
      }),
    );
  });

  it('shortens the long texts of a value, and gives up its shape only when that is not enough', () => {
    const call = { path: 'a.txt', content: 'x'.repeat(10_000) };
    expect(cutValue(call, 100_000)).toBe(call);
    expect(cutValue(call, 800)).toEqual({ path: 'a.txt', content: 'x'.repeat(100) });
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`key-${i}`, 'value']));
    const cut = cutValue(many, 800) as { json: string };
    expect(JSON.stringify(many).startsWith(cut.json)).toBe(true);
  });

  it('never exceeds its limit', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 64, max: 2000 }), (value, bytes) => {
        expect(Buffer.byteLength(JSON.stringify(cutValue(value, bytes)))).toBeLessThanOrEqual(bytes);
      }),
    );
  });
});
