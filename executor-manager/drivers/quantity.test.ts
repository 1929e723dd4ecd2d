import { describe, expect, it } from 'vitest';
import { parseQuantity } from './quantity.ts';

describe('parseQuantity', () => {
  it.each([
    ['2Gi', 2 * 1024 ** 3, 'binary'],
    ['512M', 512e6, 'decimal'],
    ['500m', 0.5, 'thousandths'],
    ['1.5', 1.5, 'plain'],
    ['1e3', 1000, 'exponent'],
    ['.5Ki', 512, 'no leading digit'],
  ])('%s', (quantity, want, reason) => {
    expect(parseQuantity(quantity, 'f'), reason).toBeCloseTo(want, 9);
  });

  it.each([
    ['', 'empty'],
    ['2GB', 'no such suffix'],
    ['-1', 'negative'],
    ['constructor', 'a word'],
  ])('refuses "%s"', (quantity, reason) => {
    expect(() => parseQuantity(quantity, 'spec.resources.memory'), reason).toThrow(
      'spec.resources.memory must be a quantity',
    );
  });
});
