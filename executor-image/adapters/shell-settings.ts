import { InvalidOption } from '#shell-options/invalid-option';
import { RunFailure } from '../run-failure.ts';

/** Reads settings of the Shell. Its controller has told of a wrong one before; throws RunFailure StartFailed for it. */
export function asStartFailure<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InvalidOption)) throw error;
    throw new RunFailure('StartFailed', `Shell.spec.${error.message}`, error);
  }
}
