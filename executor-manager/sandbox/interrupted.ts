/** Why a lifecycle is left before its end. */
export type Interruption = 'manager stops' | 'deleted' | 'superseded';

/** The error with which a lifecycle's signals abort. */
export class Interrupted extends Error {
  readonly why: Interruption;
  constructor(why: Interruption) {
    super(`the sandbox is left: ${why}`);
    this.why = why;
  }
}

export function ignoreInterruption(error: unknown): void {
  if (!(error instanceof Interrupted)) throw error;
}
