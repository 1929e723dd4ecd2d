/** An error of CEL: `&&`, `||` and the macros on them may recover from it. Made often, so without a stack. */
export class EvaluationError {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

export function fail(message: string): never {
  // No Error of JavaScript: a rule over a list may make a million of them, and a stack each would cost seconds.
  throw new EvaluationError(message);
}

export const noSuchOverload = (): never => fail('no such overload');
