import { formatMicroTime } from '../../machinery/clock.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { StorageError } from '../../storage/contract/storage-error.ts';
import type { Store } from '../../storage/contract/store.ts';
import type { TaskEvent } from '../../types/tasks/task-event.ts';
import type { Target } from '../resource.ts';
import { isStorageError, storageFailure } from '../storage-failure.ts';
import type { Endings } from './endings.ts';

const PAGE = 500;

/**
 * Later events, page by page. With `follow` it goes on until its object has ended and every event was given. Pages may be
 * shared with others who read the same log (TaskLog.follow). Where the server has to say something, the page is one event
 * of source `log` that no log has: of phase `Expired` in the place of what expired; of phase `Lost`, with the number 0,
 * where the database lost events that the reader has seen: the log follows from its beginning.
 */
export type LogReader = (query: LogRead) => AsyncIterable<readonly TaskEvent[]>;

export interface LogRead {
  after: number;
  follow: boolean;
  signal: AbortSignal;
}

interface Parts {
  store: Pick<Store, 'log'>;
  clock: Clock;
  endings: Endings;
  /** Whether the log is complete. */
  hasEnded: (object: Unstructured) => boolean;
}

interface Reading extends LogRead {
  /** The Task whose log it is. */
  taskUID: string;
  /** The object whose end is the end of the log: the Task, or a Sandbox of it. */
  target: Target;
  object: Unstructured;
}

/** Begins again, with a notice, when the database lost what the reader has seen. */
export async function* readLog(parts: Parts, reading: Reading): AsyncGenerator<readonly TaskEvent[]> {
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
  const { target, object, taskUID, follow, signal } = reading;
  let { after } = reading;
  const { firstSeq, lastSeq } = await parts.store.log.bounds(taskUID);
  // Numbers are only known from a log that had them.
  if (after > lastSeq) throw new StorageError('Compacted', `the log ends before number ${after}`);
  if (firstSeq - 1 > after) {
    after = firstSeq - 1;
    yield [expiredNotice(parts.clock, after)];
  }
  if (!follow || parts.hasEnded(object)) {
    yield* pages(parts.store, { taskUID, after, signal });
    return;
  }
  using ending = parts.endings.of(target, object.metadata.uid ?? '');
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
