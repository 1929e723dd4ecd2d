import { isStatusError } from '../../machinery/status-error.ts';

/** Each lost race means that somebody else got on. */
const MAX_TRIES = 20;

/**
 * Makes a write that starts from the newest object, again whenever another write came between (client-go
 * util/retry RetryOnConflict). `attempt` reads the object itself.
 * @throws StatusError Conflict when too many write at once, and all else that `attempt` throws
 */
export async function retryOnConflict<T>(attempt: () => Promise<T>): Promise<T> {
  for (let count = 1; ; count++) {
    try {
      return await attempt();
    } catch (error) {
      if (count === MAX_TRIES || !isStatusError(error, 'Conflict')) throw error;
    }
  }
}
