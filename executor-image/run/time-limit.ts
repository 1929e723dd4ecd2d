import { Script, createContext } from 'node:vm';

export class TookTooLongError extends Error {
  constructor(ms: number) {
    super(`takes longer than ${ms} ms`);
    this.name = 'TookTooLongError';
  }
}

const CALL = new Script('work()');

/** A machine that gives a process an eighth of a core is too busy for anything. */
const LONGEST_WAIT = 8;

/**
 * Does synchronous work that input from outside can make long, and stops it in the middle when it has used `ms` of
 * processor time. Only the `timeout` of a script interrupts JavaScript; its context is no wall and need not be one, as the
 * work is ours. That timeout counts the time of the clock, so on a busy machine the work begins again and may take longer.
 * @throws TookTooLongError, and what `work` throws
 */
export function withinTime<T>(work: () => T, ms: number): T {
  for (let wait = ms; ; wait *= 2) {
    const before = process.threadCpuUsage();
    try {
      return CALL.runInContext(createContext({ work }), { timeout: wait }) as T;
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      const { user, system } = process.threadCpuUsage(before);
      if (user + system >= ms * 900 || wait >= ms * LONGEST_WAIT) throw new TookTooLongError(ms);
    }
  }
}
