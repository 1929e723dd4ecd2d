import { describe, expect, it } from 'vitest';
import { goFloat, goJson, goQuote, goSyntax, goType, goValue } from './go-text.ts';

/** As Go 1.26 prints these values. */
describe('values as Go writes them', () => {
  it.each([
    ['a', '"a"', 'a', '"a"'],
    [1, '1', '1', '1'],
    [1_000_000, '1000000', '1000000', '1000000'],
    [1.5, '1.5', '1.5', '1.5'],
    [1_234_567.5, '1234567.5', '1.2345675e+06', '1.2345675e+06'],
    [0.00001, '0.00001', '1e-05', '1e-05'],
    [1e-7, '1e-7', '1e-07', '1e-07'],
    [9_007_199_254_740_993n, '9007199254740993', '9007199254740993', '9007199254740993'],
    [true, 'true', 'true', 'true'],
    [null, 'null', '<nil>', 'interface {}(nil)'],
    [['a', 1], '["a",1]', '[a 1]', '[]interface {}{"a", 1}'],
    [
      { b: 1, a: ['x'] },
      '{"a":["x"],"b":1}',
      'map[a:[x] b:1]',
      'map[string]interface {}{"a":[]interface {}{"x"}, "b":1}',
    ],
    // By their bytes, not by the units of UTF-16.
    [{ '😀': 1, '～': 2 }, '{"～":2,"😀":1}', 'map[～:2 😀:1]', 'map[string]interface {}{"～":2, "😀":1}'],
    ['<&>\u2028', String.raw`"\u003c\u0026\u003e\u2028"`, '<&>\u2028', '"<&>\\u2028"'],
  ])('%o', (value, json, plain, syntax) => {
    expect([goJson(value), goValue(value), goSyntax(value)]).toEqual([json, plain, syntax]);
  });

  it.each([
    [0, '0'],
    [-0, '-0'],
    [999_999, '999999'],
    [1_000_000, '1e+06'],
    [0.0001, '0.0001'],
    [0.000_01, '1e-05'],
    [1e300, '1e+300'],
    [Number.NaN, 'NaN'],
    [-Infinity, '-Inf'],
  ])('the float64 %d', (value, text) => {
    expect(goFloat(value)).toBe(text);
  });

  it.each([
    ['a"b\\c', String.raw`"a\"b\\c"`],
    ['\u0007\b\f\n\r\t\v\u0001\u007f', String.raw`"\a\b\f\n\r\t\v\x01\x7f"`],
    ['ü 日本 😀', '"ü 日本 😀"'],
    ['\u00a0\u200b\u{e0001}', String.raw`"\u00a0\u200b\U000e0001"`],
  ])('%j in quotes', (text, quoted) => {
    expect(goQuote(text)).toBe(quoted);
  });

  it.each([
    ['x', 'string'],
    [true, 'bool'],
    [1, 'int64'],
    [1n, 'int64'],
    [1.5, 'float64'],
    [null, '<nil>'],
    [[], '[]interface {}'],
    [{}, 'map[string]interface {}'],
  ])('the type of %o', (value, type) => {
    expect(goType(value)).toBe(type);
  });
});
