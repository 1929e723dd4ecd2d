import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonText, parseJsonText } from './json.ts';

describe('JSON with whole numbers of 64 bits', () => {
  it.each([
    ['beyond 2^53', '9007199254740993'],
    ['the largest', '9223372036854775807'],
    ['the smallest', '-9223372036854775808'],
    ['inside a list of a field', '{"a":[1,9007199254740993,"x"]}'],
    ['a text that only looks like one', '{"a":"9007199254740993"}'],
  ])('keeps %s', (_why, text) => {
    expect(jsonText(parseJsonText(text))).toBe(text);
  });

  it.each([
    ['beyond 64 bits it is a float', '9223372036854775808', 9223372036854775808],
    ['within 2^53 it is a number', '9007199254740991', 9007199254740991],
    ['1.0 is 1', '1.0', 1],
    ['many digits behind the point', '0.1234567890123456789', Number('0.1234567890123456789')],
  ])('%s', (_why, text, value) => {
    expect(parseJsonText(text)).toBe(value);
  });

  it('writes back what it read', () => {
    const value = fc.jsonValue();
    fc.assert(
      fc.property(value, fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (any, big) => {
        const tree = { any, list: [big] };
        const read = parseJsonText(jsonText(tree));
        expect(jsonText(read)).toBe(jsonText(tree));
      }),
    );
  });
});
