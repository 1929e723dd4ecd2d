import { badRequest } from '#api/machinery/status-error';

/** Suffixes of a Kubernetes quantity (apimachinery resource.Quantity). */
const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/**
 * The number that a quantity such as `2Gi`, `500m` or `1e3` stands for.
 * @throws StatusError BadRequest that names `field`.
 */
export function parseQuantity(quantity: string, field: string): number {
  const match = /^(\d+(?:\.\d*)?|\.\d+)([eE][+-]?\d+|[A-Za-z]*)$/.exec(quantity.trim());
  const suffix = match?.[2] ?? '';
  const scale = /^[eE][+-]?\d+$/.test(suffix)
    ? Number(`1${suffix}`)
    : Object.hasOwn(SUFFIXES, suffix)
      ? SUFFIXES[suffix]
      : undefined;
  if (match === null || scale === undefined) {
    throw badRequest(`${field} must be a quantity such as 512Mi, 2Gi, 500m or 2, not "${quantity}"`);
  }
  return Number(match[1]) * scale;
}
