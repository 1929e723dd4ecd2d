import { formatMicroTime } from '../../machinery/clock.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { TaskEvent, TaskEventAppended, TaskMessage } from '../../types/task-event.ts';
import { conflict, StatusError } from '../../machinery/status-error.ts';
import { API_SERVER_USER } from '../../machinery/user.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { Store } from '../../storage/contract.ts';
import type { Registry } from '../registry.ts';
import { storageResource } from '../resource.ts';
import type { Target } from '../resource.ts';
import { isStorageError, storageFailure, stored } from '../storage-failure.ts';
import { parseTaskEventAppend } from './task-event-append.ts';

const PAGE = 500;

/** The subresources `log` and `messages` of a Task. Failures are StatusErrors. */
export interface TaskLogs {
  /** @throws StatusError NotFound, Conflict when the batch is for an earlier Task of this name, BadRequest */
  append(target: Target, body: unknown): Promise<TaskEventAppended>;
  /** Later events, page by page. With `follow` it goes on until the Task is final and every event was given. */
  read(target: Target, query: TaskLogRead): AsyncIterable<readonly TaskEvent[]>;
  messages(target: Target): Promise<TaskMessage[]>;
}

export interface TaskLogRead {
  after: number;
  follow: boolean;
  signal: AbortSignal;
}

export function createTaskLogs(options: { registry: Registry; store: Store; clock: Clock }): TaskLogs {
  const { registry, store, clock } = options;
  return {
    async append(target, body) {
      const batch = parseTaskEventAppend(body);
      const { object } = await registry.get({ target, user: API_SERVER_USER });
      if (object.metadata.uid !== batch.taskUID) {
        const why = `the events are for the Task with uid ${batch.taskUID}, not for this one (${object.metadata.uid ?? ''})`;
        throw conflict(target.resource, target.name, why);
      }
      return translated(store.log.append(batch), target);
    },
    async *read(target, query) {
      const { object } = await registry.get({ target, user: API_SERVER_USER });
      const taskUID = object.metadata.uid ?? '';
      let { after } = query;
      const expired = await stored(expiredNotice({ store, clock }, { taskUID, after }), target);
      if (expired !== undefined) {
        after = expired.seq;
        yield [expired];
      }
      if (query.follow && !isFinal(object)) {
        for await (const events of followUntilFinal(store, {
          target,
          taskUID,
          after,
          signal: query.signal,
        })) {
          after = events.at(-1)?.seq ?? after;
          yield events;
        }
      }
      yield* rest(store, { target, taskUID, after, signal: query.signal });
    },
    async messages(target) {
      const { object } = await registry.get({ target, user: API_SERVER_USER });
      const taskUID = object.metadata.uid ?? '';
      const messages: TaskMessage[] = [];
      for (;;) {
        const after = messages.at(-1)?.id ?? 0;
        const page = await stored(store.log.messages({ taskUID, after, limit: PAGE }), target);
        messages.push(...page);
        if (page.length < PAGE) return messages;
      }
    },
  };
}

/**
 * What a reader gets in the place of events that have expired, with the number of the last of them. Undefined where it
 * has seen them all.
 */
async function expiredNotice(
  { store, clock }: { store: Store; clock: Clock },
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

/** A gap in the numbers of a source is the caller's mistake, and the text says which number was expected. */
async function translated<T>(promise: Promise<T>, target: Target): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    if (isStorageError(error, 'Conflict')) throw new StatusError('Conflict', error.message, { cause: error });
    throw storageFailure(error, target);
  }
}

const FINAL = new Set(['CANCELLED', 'COMPLETED', 'FAILED']);

function isFinal(task: Unstructured): boolean {
  const status = task['status'] as { status?: unknown } | undefined;
  return typeof status?.status === 'string' && FINAL.has(status.status);
}

interface Reading {
  target: Target;
  taskUID: string;
  after: number;
  signal: AbortSignal;
}

/** Every event there is, in pages, so that memory stays bounded. */
async function* rest(store: Store, { target, taskUID, after, signal }: Reading): AsyncGenerator<TaskEvent[]> {
  let last = after;
  while (!signal.aborted) {
    const page = await stored(store.log.read({ taskUID, after: last, limit: PAGE }), target);
    if (page.length > 0) yield page;
    if (page.length < PAGE) return;
    last = page.at(-1)?.seq ?? last;
  }
}

/** Live events until the Task is final, deleted or made anew. The last ones may still have to be read. */
async function* followUntilFinal(store: Store, reading: Reading): AsyncGenerator<readonly TaskEvent[]> {
  const { target, taskUID, after } = reading;
  const stop = new AbortController();
  const signal = AbortSignal.any([reading.signal, stop.signal]);
  const final = untilFinal(store, { ...reading, signal }).finally(() => stop.abort());
  // Rethrown by the await below; without this a failure before that would count as unhandled.
  final.catch(() => undefined);
  try {
    yield* store.log.follow({ taskUID, after, signal });
  } catch (error) {
    throw storageFailure(error, target);
  } finally {
    stop.abort();
  }
  await stored(final, target);
}

async function untilFinal(store: Store, { target, taskUID, signal }: Reading): Promise<void> {
  const query = { resource: storageResource(target.resource), namespace: target.namespace };
  while (!signal.aborted) {
    const { items, revision } = await store.list(query);
    const task = items.find((item) => item.key.name === target.name);
    if (task === undefined || task.object.metadata.uid !== taskUID || isFinal(task.object)) return;
    try {
      for await (const events of store.watch({ ...query, after: revision, signal })) {
        const mine = events.findLast((event) => event.object.object.metadata.uid === taskUID);
        if (mine !== undefined && (mine.type === 'DELETED' || isFinal(mine.object.object))) return;
      }
    } catch (error) {
      if (!isStorageError(error, 'TooSlow') && !isStorageError(error, 'Compacted')) throw error;
    }
  }
}
