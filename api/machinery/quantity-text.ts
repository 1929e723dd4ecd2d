import { Quantity } from './quantity.ts';

/**
 * The normal form of a quantity's text, as apimachinery pkg/api/resource prints it: no fraction, and the largest suffix
 * that loses nothing. The kind of suffix is the one that the text has.
 */
export function canonicalQuantity(text: string): string {
  const quantity = Quantity.parse(text);
  if (quantity === undefined) return text;
  if (/[eE][+-]?\d+$/.test(text))
    return decimal(quantity, (exponent) => (exponent === 0 ? '' : `e${exponent}`));
  return quantityText(quantity, text.endsWith('i') ? 'binary' : 'decimal');
}

export function quantityText(quantity: Quantity, suffixes: 'decimal' | 'binary'): string {
  if (suffixes === 'decimal' || abs(quantity.nanos) < 1024n * ONE) {
    return decimal(quantity, (exponent) => DECIMAL[exponent] ?? '');
  }
  // Fractions of a byte are rounded up.
  let whole = (quantity.nanos + (quantity.nanos > 0n ? ONE - 1n : 0n)) / ONE;
  let step = 0;
  for (; whole % 1024n === 0n && step < BINARY.length - 1; step += 1) whole /= 1024n;
  return `${whole}${BINARY[step] ?? ''}`;
}

const ONE = 1_000_000_000n;
const DECIMAL: Readonly<Record<number, string>> = {
  [-9]: 'n',
  [-6]: 'u',
  [-3]: 'm',
  0: '',
  3: 'k',
  6: 'M',
  9: 'G',
  12: 'T',
  15: 'P',
  18: 'E',
};
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

function decimal({ nanos }: Quantity, suffix: (exponent: number) => string): string {
  if (nanos === 0n) return '0';
  let exponent = -9;
  let mantissa = nanos;
  for (; mantissa % 1000n === 0n && exponent < 18; exponent += 3) mantissa /= 1000n;
  return `${mantissa}${suffix(exponent)}`;
}

const abs = (value: bigint): bigint => (value < 0n ? -value : value);
