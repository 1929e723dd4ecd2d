import type { Value } from './value.ts';

/** One run of one expression: what it has cost so far, and its variables. */
export class Evaluation {
  readonly variables: Value[];
  readonly #limits: Limits;
  #spent = 0;
  #steps = 0;

  constructor(variables: Value[], limits: Limits) {
    this.variables = variables;
    this.#limits = limits;
  }

  get work(): number {
    return this.#steps;
  }

  get cost(): number {
    return this.#spent;
  }

  /** @throws CostExceeded */
  charge(cost: number): void {
    this.#spent += cost;
    if (this.#spent > this.#limits.cost) throw new CostExceeded();
  }

  /**
   * Counts what upstream's costs leave out (comparing nested lists, a small pattern with many states), which there is
   * bounded by the time of a request. Here one rule must not hold up everyone else.
   *
   * @throws CostExceeded
   */
  labour(steps: number): void {
    this.#steps += steps;
    if (this.#steps > this.#limits.work) throw new CostExceeded();
  }
}

export interface Limits {
  readonly cost: number;
  readonly work: number;
}

export const UNLIMITED: Limits = { cost: Infinity, work: Infinity };

/** Errors that something recovers from are dear here and cheap upstream. */
export const ERROR_WORK = 150;

/** Ends the run; nothing recovers from it. */
export class CostExceeded {
  readonly message = 'operation cancelled: actual cost limit exceeded';
}
