/** A setting of a Shell that makes no sense; the message names the field below `spec`, and says why. */
export class InvalidOption extends Error {
  override readonly name = 'InvalidOption';

  constructor(field: string, problem: string, cause?: unknown) {
    super(`${field}: ${problem}`, cause === undefined ? undefined : { cause });
  }
}
