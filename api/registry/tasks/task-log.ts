import { formatMicroTime } from '../../machinery/clock.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { TaskEvent, TaskEventAppended, TaskMessage } from '../../types/task-event.ts';
import { conflict, StatusError } from '../../machinery/status-error.ts';
import { API_SERVER_USER } from '../../machinery/user.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { Store } from '../../storage/contract/store.ts';
import type { Registry } from '../registry.ts';
import type { Target } from '../resource.ts';
import { isStorageError, storageFailure, translated } from '../storage-failure.ts';
import { isFinal, TaskEndings } from './task-endings.ts';
import { parseTaskEventAppend } from './task-event-append.ts';

const PAGE = 500;

/** The subresources `log` and `messages` of a Task. Failures are StatusErrors. */
export interface TaskLogs {
  /** @throws StatusError NotFound, Conflict when the batch is for an earlier Task of this name, BadRequest */
  append(target: Target, body: unknown): Promise<TaskEventAppended>;
  /** Reads the log of the Task as it is now. @throws StatusError NotFound */
  reader(target: Target): Promise<TaskLogReader>;
  messages(target: Target): Promise<TaskMessage[]>;
}

/**
 * Later events, page by page. With `follow` it goes on until the Task is final and every event was given. Pages may be
 * shared with others who read the same log (TaskLog.follow).
 */
export type TaskLogReader = (query: TaskLogRead) => AsyncIterable<readonly TaskEvent[]>;

export interface TaskLogRead {
  after: number;
  follow: boolean;
  signal: AbortSignal;
}

export interface TaskLogsOptions {
  registry: Registry;
  store: Pick<Store, 'list' | 'log' | 'watch'>;
  clock: Clock;
}

export function createTaskLogs(options: TaskLogsOptions): TaskLogs {
  const { registry, store, clock } = options;
  const endings = new TaskEndings({ store });
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
      return (query) => readLog({ store, clock, endings }, { target, task: object, ...query });
    },
    async messages(target) {
      const { object } = await registry.get({ target, user: API_SERVER_USER });
      const taskUID = object.metadata.uid ?? '';
      const messages: TaskMessage[] = [];
      for (;;) {
        const after = messages.at(-1)?.id ?? 0;
        const page = await translated(store.log.messages({ taskUID, after, limit: PAGE }), target);
        messages.push(...page);
        if (page.length < PAGE) return messages;
      }
    },
  };
}

interface Parts {
  store: TaskLogsOptions['store'];
  clock: Clock;
  endings: TaskEndings;
}

interface Reading extends TaskLogRead {
  target: Target;
  task: Unstructured;
}

async function* readLog(parts: Parts, reading: Reading): AsyncGenerator<readonly TaskEvent[]> {
  const { target, task, follow, signal } = reading;
  const taskUID = task.metadata.uid ?? '';
  let { after } = reading;
  try {
    const expired = await expiredNotice(parts, { taskUID, after });
    if (expired !== undefined) {
      after = expired.seq;
      yield [expired];
    }
    if (!follow || isFinal(task)) {
      yield* pages(parts.store, { taskUID, after, signal });
      return;
    }
    using ending = parts.endings.of(target, taskUID);
    yield* parts.store.log.follow({ taskUID, after, signal, until: ending.signal });
    ending.check();
  } catch (error) {
    throw storageFailure(error, target);
  }
}

/**
 * What a reader gets in the place of events that have expired, with the number of the last of them. Undefined where it
 * has seen them all.
 */
async function expiredNotice(
  { store, clock }: Pick<Parts, 'clock' | 'store'>,
  { taskUID, after }: { taskUID: string; after: number },
): Promise<TaskEvent | undefined> {
  const last = (await store.log.firstSeq(taskUID)) - 1;
  if (last <= after) return undefined;
  const message = `the events up to number ${last} were removed: they were older than the server keeps them`;
  const time = formatMicroTime(clock.now());
  return {
    seq: last,
    source: 'log',
    sourceSeq: 0,
    time,
    type: 'status',
    data: { phase: 'Expired', message },
  };
}

/** Every event there is, in pages, so that memory stays bounded. */
async function* pages(
  { log }: Pick<Store, 'log'>,
  { taskUID, after, signal }: { taskUID: string; after: number; signal: AbortSignal },
): AsyncGenerator<TaskEvent[]> {
  let last = after;
  while (!signal.aborted) {
    const page = await log.read({ taskUID, after: last, limit: PAGE });
    if (page.length > 0) yield page;
    if (page.length < PAGE) return;
    last = page.at(-1)?.seq ?? last;
  }
}

/** A gap in the numbers of a source is the caller's mistake, and the text says which number was expected. */
async function appended<T>(promise: Promise<T>, target: Target): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    if (isStorageError(error, 'Conflict')) throw new StatusError('Conflict', error.message, { cause: error });
    throw storageFailure(error, target);
  }
}
