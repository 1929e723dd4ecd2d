import type { TaskLogClient } from '#api/client/task-log';
import { isStatusError, StatusError } from '#api/machinery/status-error';
import { isPassing } from '../retry.ts';

type TaskLog = Pick<TaskLogClient, 'append' | 'read'>;

export interface FoundTaskLogOptions {
  server: TaskLog;
  local: TaskLog;
  /** Whether the server has logs of Tasks; rejects while it is away. */
  hasTaskLog: () => Promise<boolean>;
}

/** The log of the server where it has one, else our own; which one it is, is found when the first run begins. */
export function foundTaskLog({ server, local, hasTaskLog }: FoundTaskLogOptions): TaskLog {
  const chosen = async (): Promise<TaskLog> => {
    try {
      return (await hasTaskLog()) ? server : local;
    } catch (error) {
      // The server does not say. To whoever appends another failure would mean that the Task is gone.
      if (!isStatusError(error) || isPassing(error)) throw error;
      throw new StatusError('ServiceUnavailable', error.message, { cause: error });
    }
  };
  return {
    append: async (ref, batch) => (await chosen()).append(ref, batch),
    async *read(ref, options) {
      yield* (await chosen()).read(ref, options);
    },
  };
}
