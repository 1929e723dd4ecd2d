/** Ranges of sizes and of costs (cel-go checker/cost.go). Costs beyond a limit are all the same: too much. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

export const UNKNOWN_SIZE: Range = { min: 0, max: Infinity };
export const range = (min: number, max = min): Range => ({ min, max });
export const ZERO = range(0);
export const ONE = range(1);

export const add = (...all: Range[]): Range =>
  range(
    all.reduce((sum, { min }) => sum + min, 0),
    all.reduce((sum, { max }) => sum + max, 0),
  );

/** Nothing times no bound is nothing. */
const product = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : a * b);

export const times = (a: Range, b: Range): Range => range(product(a.min, b.min), product(a.max, b.max));
export const scaled = (a: Range, factor: number): Range =>
  range(Math.ceil(a.min * factor), Math.ceil(a.max * factor));
export const union = (a: Range, b: Range): Range => range(Math.min(a.min, b.min), Math.max(a.max, b.max));

/** A part of an expression, as the costs of calls see it. */
export interface Estimated {
  readonly size: Range;
  /** Of the items of a list, when they are texts or bytes. */
  readonly itemSize: Range | undefined;
  readonly isList: boolean;
}
