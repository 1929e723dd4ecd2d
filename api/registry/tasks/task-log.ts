import type { Clock } from '../../machinery/clock.ts';
import type { TaskEventAppended, TaskMessage } from '../../types/tasks/task-event.ts';
import { conflict, StatusError } from '../../machinery/status-error.ts';
import { API_SERVER_USER } from '../../machinery/users/user.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { Task } from '../../types/generated/task.ts';
import { isAtRest } from '../../types/tasks/task.ts';
import type { Store } from '../../storage/contract/store.ts';
import type { Registry } from '../registry.ts';
import type { Target } from '../resource.ts';
import { isStorageError, storageFailure, translated } from '../storage-failure.ts';
import { Endings } from './endings.ts';
import { readLog } from './read-log.ts';
import type { LogReader } from './read-log.ts';
import { logMessages } from './log-messages.ts';
import { parseTaskEventAppend } from './task-event-append.ts';

const PAGE = 500;

/** The subresources `log` and `messages` of a Task. Failures are StatusErrors. */
export interface TaskLogs {
  /** @throws StatusError NotFound, Conflict when the batch is for an earlier Task of this name, BadRequest */
  append(target: Target, body: unknown): Promise<TaskEventAppended>;
  /** Reads the log of the Task as it is now. @throws StatusError NotFound */
  reader(target: Target): Promise<LogReader>;
  messages(target: Target): Promise<TaskMessage[]>;
  /** Brings those of spec.messages into the log that it lacks. @throws StatusError */
  tellMessages(target: Target, task: Unstructured): Promise<void>;
}

export interface TaskLogsOptions {
  registry: Registry;
  store: Pick<Store, 'list' | 'log' | 'watch'>;
  clock: Clock;
}

export function createTaskLogs(options: TaskLogsOptions): TaskLogs {
  const { registry, store, clock } = options;
  const endings = new Endings({ store, hasEnded: hasTaskEnded });
  return {
    async append(target, body) {
      const batch = parseTaskEventAppend(body);
      const { object } = await registry.get({ target, user: API_SERVER_USER });
      if (object.metadata.uid !== batch.taskUID) {
        const why = `the events are for the Task with uid ${batch.taskUID}, not for this one (${object.metadata.uid ?? ''})`;
        throw conflict(target.resource, target.name, why);
      }
      return appended(store.log.append(batch), target);
    },
    async reader(target) {
      const { object } = await registry.get({ target, user: API_SERVER_USER });
      await logMessages(store.log, { target, task: object });
      const log = { taskUID: object.metadata.uid ?? '', target, object };
      return (query) => readLog({ store, clock, endings, hasEnded: hasTaskEnded }, { ...log, ...query });
    },
    async messages(target) {
      const { object } = await registry.get({ target, user: API_SERVER_USER });
      await logMessages(store.log, { target, task: object });
      const taskUID = object.metadata.uid ?? '';
      const messages: TaskMessage[] = [];
      for (;;) {
        const after = messages.at(-1)?.id ?? 0;
        const page = await translated(store.log.messages({ taskUID, after, limit: PAGE }), target);
        messages.push(...page);
        if (page.length < PAGE) return messages;
      }
    },
    tellMessages: (target, task) => logMessages(store.log, { target, task }),
  };
}

const hasTaskEnded = (task: Unstructured): boolean => isAtRest(task as Unstructured & Task);

/** A gap in the numbers of a source is the caller's mistake, and the text says which number was expected. */
async function appended<T>(promise: Promise<T>, target: Target): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    if (isStorageError(error, 'Conflict')) throw new StatusError('Conflict', error.message, { cause: error });
    throw storageFailure(error, target);
  }
}
