import type { Value } from './value.ts';

/** One run of one expression: what it has cost so far, and its variables. */
export class Evaluation {
  readonly variables: Value[];
  private readonly limits: Limits;
  private spent = 0;
  private steps = 0;

  constructor(variables: Value[], limits: Limits) {
    this.variables = variables;
    this.limits = limits;
  }

  get work(): number {
    return this.steps;
  }

  get cost(): number {
    return this.spent;
  }

  /** @throws CostExceeded */
  charge(cost: number): void {
    this.spent += cost;
    if (this.spent > this.limits.cost) throw new CostExceeded();
  }

  /**
   * Counts what upstream's costs leave out (comparing nested lists, a small pattern with many states), which there is
   * bounded by the time of a request. Here one rule must not hold up everyone else.
   *
   * @throws CostExceeded
   */
  labour(steps: number): void {
    this.steps += steps;
    if (this.steps > this.limits.work) throw new CostExceeded();
  }
}

export interface Limits {
  readonly cost: number;
  readonly work: number;
}

export const UNLIMITED: Limits = { cost: Infinity, work: Infinity };

/** Errors that something recovers from are dear here and cheap upstream. */
export const ERROR_WORK = 150;

/** An error of CEL: `&&`, `||` and the macros on them may recover from it. Made often, so without a stack. */
export class EvaluationError {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

/** Ends the run; nothing recovers from it. */
export class CostExceeded {
  readonly message = 'operation cancelled: actual cost limit exceeded';
}

export function fail(message: string): never {
  // oxlint-disable-next-line typescript/only-throw-error -- a rule over a list may make a million of them; a stack each would cost seconds
  throw new EvaluationError(message);
}

export const noSuchOverload = (): never => fail('no such overload');
