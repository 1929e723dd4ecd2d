import { describe, expect, it } from 'vitest';
import { Quantity, readQuantity } from './quantity.ts';

describe('Quantity.parse', () => {
  it.each([
    ['2Gi', 2 * 1024 ** 3, 'binary'],
    ['512M', 512e6, 'decimal'],
    ['500m', 0.5, 'thousandths'],
    ['1.5', 1.5, 'plain'],
    ['1e3', 1000, 'exponent'],
    ['.5Ki', 512, 'no leading digit'],
    ['-1', -1, 'negative'],
    ['0.1n', 1e-9, 'rounded up to a billionth'],
  ])('%s', (text, want, reason) => {
    expect(Quantity.parse(text)?.asFloat(), reason).toBe(want);
  });

  it.each([
    ['', 'must match the regular expression'],
    ['2GB', 'must match the regular expression'],
    ['constructor', 'must match the regular expression'],
    ['1kk', "unable to parse quantity's suffix"],
  ])('refuses "%s"', (text, why) => {
    expect(Quantity.parse(text)).toBeUndefined();
    expect(readQuantity(text)).toContain(why);
  });
});

it.each([
  ['2k', 2000n],
  ['1.5', undefined],
  ['1e30', undefined],
])('%s as an integer is %s', (text, want) => {
  expect(Quantity.parse(text)?.asInteger()).toBe(want);
});
