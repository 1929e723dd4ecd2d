import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonicalQuantity } from './quantity-text.ts';
import { Quantity } from './quantity.ts';

/** Quantity.String of apimachinery 0.37 prints these. */
it.each([
  ['0', '0'],
  ['5', '5'],
  ['1000', '1k'],
  ['1500m', '1500m'],
  ['1000m', '1'],
  ['0.5', '500m'],
  ['2Gi', '2Gi'],
  ['2048Mi', '2Gi'],
  ['1.5Gi', '1536Mi'],
  ['1Ki', '1Ki'],
  ['0.5Ki', '512'],
  ['1025', '1025'],
  ['100k', '100k'],
  ['1e3', '1e3'],
  ['1E3', '1e3'],
  ['12e2', '1200'],
  ['-5', '-5'],
  ['3000000n', '3m'],
])('%s is printed as %s', (text, printed) => expect(canonicalQuantity(text)).toBe(printed));

it('means the same', () => {
  const suffix = fc.constantFrom('', 'm', 'k', 'M', 'Ki', 'Mi', 'Gi', 'e2', 'e3');
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000_000 }), suffix, (number, unit) => {
      const text = `${number}${unit}`;
      const printed = canonicalQuantity(text);
      expect(Quantity.parse(printed)?.nanos).toBe(Quantity.parse(text)?.nanos);
      expect(canonicalQuantity(printed)).toBe(printed);
    }),
  );
});
