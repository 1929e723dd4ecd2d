import { formatMicroTime } from '../../machinery/clock.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { TaskEvent, TaskEventAppended, TaskMessage } from '../../types/task-event.ts';
import { conflict, StatusError } from '../../machinery/status-error.ts';
import { API_SERVER_USER } from '../../machinery/user.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { StorageError } from '../../storage/contract/storage-error.ts';
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
 * shared with others who read the same log (TaskLog.follow). Where the server has to say something, the page is one event
 * of source `log` that no log has: of phase `Expired` in the place of what expired; of phase `Lost`, with the number 0,
 * where the database lost events that the reader has seen: the log follows from its beginning.
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

/** Begins again, with a notice, when the database lost what the reader has seen. */
async function* readLog(parts: Parts, reading: Reading): AsyncGenerator<readonly TaskEvent[]> {
  for (let { after } = reading; ; after = 0) {
    try {
      yield* readFrom(parts, { ...reading, after });
      return;
    } catch (error) {
      if (!isStorageError(error, 'Compacted')) throw storageFailure(error, reading.target);
      yield [lostNotice(parts.clock)];
    }
  }
}

/** @throws StorageError Compacted when events up to the number `after` are lost */
async function* readFrom(parts: Parts, reading: Reading): AsyncGenerator<readonly TaskEvent[]> {
  const { target, task, follow, signal } = reading;
  const taskUID = task.metadata.uid ?? '';
  let { after } = reading;
  const { firstSeq, lastSeq } = await parts.store.log.bounds(taskUID);
  // Numbers are only known from a log that had them.
  if (after > lastSeq) throw new StorageError('Compacted', `the log ends before number ${after}`);
  if (firstSeq - 1 > after) {
    after = firstSeq - 1;
    yield [expiredNotice(parts.clock, after)];
  }
  if (!follow || isFinal(task)) {
    yield* pages(parts.store, { taskUID, after, signal });
    return;
  }
  using ending = parts.endings.of(target, taskUID);
  yield* parts.store.log.follow({ taskUID, after, signal, until: ending.signal });
  ending.check();
}

/** In the place of events that have expired, with the number of the last of them. */
const expiredNotice = (clock: Clock, last: number): TaskEvent =>
  notice(clock, {
    ...{ seq: last, phase: 'Expired' },
    message: `the events up to number ${last} were removed: they were older than the server keeps them`,
  });

/** Before the whole log: a reader that is cut off after this asks for it from the beginning too. */
const lostNotice = (clock: Clock): TaskEvent =>
  notice(clock, {
    ...{ seq: 0, phase: 'Lost' },
    message: 'events that were shown before are lost; the whole log as it is now follows',
  });

/** An event that no log has. */
function notice(clock: Clock, { seq, ...data }: { seq: number; phase: string; message: string }): TaskEvent {
  const time = formatMicroTime(clock.now());
  return { ...{ seq, source: 'log', sourceSeq: 0, time }, type: 'status', data };
}

/** Every event there is, in pages, so that memory stays bounded. */
async function* pages(
  { log }: Pick<Store, 'log'>,
  { taskUID, after, signal }: { taskUID: string; after: number; signal: AbortSignal },
): AsyncGenerator<TaskEvent[]> {
  let last = after;
  while (!signal.aborted) {
    const page = await log.read({ taskUID, after: last, limit: PAGE });
    if (page.length === 0) return;
    yield page;
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
