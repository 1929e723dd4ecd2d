import { Script, createContext } from 'node:vm';

export class TookTooLongError extends Error {
  constructor(ms: number) {
    super(`takes longer than ${ms} ms`);
    this.name = 'TookTooLongError';
  }
}

const CALL = new Script('work()');

/**
 * Does synchronous work that input from outside can make long, and stops it in the middle after `ms`. Only the `timeout`
 * of a script interrupts JavaScript; its context is no wall and need not be one, as the work is ours.
 * @throws TookTooLongError, and what `work` throws
 */
export function withinTime<T>(work: () => T, ms: number): T {
  try {
    return CALL.runInContext(createContext({ work }), { timeout: ms }) as T;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw new TookTooLongError(ms);
    throw error;
  }
}
