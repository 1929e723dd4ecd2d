import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes } from '../../machinery/byte-order.ts';
import { compareKeys } from './key-order.ts';

const sign = (n: number): number => Math.sign(n);

describe('compareBytes', () => {
  it('orders as the UTF-8 bytes do', () => {
    const text = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(sign(compareBytes(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });

  it('puts an astral character after U+FFFF, unlike <', () => {
    expect(sign(compareBytes('\uFF5E', '😀'))).toBe(-1);
  });
});

describe('compareKeys', () => {
  it('compares the namespace first, so that its end never runs into the name', () => {
    const key = (namespace: string, name: string) => ({ resource: 'r', namespace, name });
    expect(sign(compareKeys(key('a', 'z'), key('a-b', 'a')))).toBe(-1);
    expect(sign(compareKeys(key('', 'z'), key('a', 'a')))).toBe(-1);
    expect(sign(compareKeys(key('a', 'b'), key('a', 'a')))).toBe(1);
  });
});
