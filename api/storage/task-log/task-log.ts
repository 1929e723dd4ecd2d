import type { Clock } from '../../machinery/clock.ts';
import { silentMeter } from '../../machinery/meter.ts';
import type { Meter, Metric } from '../../machinery/meter.ts';
import type {
  TaskEvent,
  TaskEventAppend,
  TaskEventAppended,
  TaskMessage,
} from '../../types/tasks/task-event.ts';
import { BatchQueue } from '../commits/batch-queue.ts';
import { EVERYTHING } from '../commits/wake-up.ts';
import { StorageError } from '../contract/storage-error.ts';
import type { WakeUp } from '../commits/wake-up.ts';
import type { TaskLog, TaskLogBounds, TaskLogFollow, TaskLogQuery } from '../contract/task-log.ts';
import type { AppendOutcome, StoredTaskAppend, TaskTables } from '../driver/task-tables.ts';
import type { LogRingLimits } from './log-ring.ts';
import type { LogTailOptions } from './log-tail.ts';
import { LogTails } from './log-tails.ts';
import { PAGE_BYTES, parsedEvent, sizeOfAppend, storedAppend } from './stored-event.ts';

export interface TaskLogOptions {
  tables: TaskTables;
  wakeUp: WakeUp;
  clock: Clock;
  meter?: Meter;
  /**
   * Milliseconds between looks at the database while someone follows, and while hints arrive; undefined: this process
   * writes all.
   */
  polling: { everyMs: number; hintedMs: number } | undefined;
  /** Limits of the part of a followed log that is kept in memory. */
  ring: LogRingLimits;
  maxItems: number;
  maxBytes: number;
  maxWaiting: number;
  maxWaitingBytes: number;
}

const TAILS: Metric = { name: 'troupe_log_tails', help: 'Logs of Tasks that are followed.' };
const FOLLOWERS: Metric = { name: 'troupe_log_followers', help: 'Who follows a log of a Task.' };
const SELECTS: Metric = {
  name: 'troupe_log_selects_total',
  help: 'Looks at the database for those who follow logs of Tasks.',
};

function counted(tables: TaskTables, meter: Meter): LogTailOptions['tables'] {
  const selects = meter.counter(SELECTS);
  return {
    taskLogBounds: (taskUID) => tables.taskLogBounds(taskUID),
    readTaskEvents(query) {
      selects.add();
      return tables.readTaskEvents(query);
    },
  };
}

/** The task log: appends share transactions, followers are woken by appends here and by hints from elsewhere. */
export class StoredTaskLog implements TaskLog {
  readonly #options: TaskLogOptions;
  readonly #queue: BatchQueue<StoredTaskAppend, AppendOutcome>;
  readonly #tails: LogTails;
  readonly #unsubscribe: () => void;
  #closed = false;

  constructor(options: TaskLogOptions) {
    this.#options = options;
    this.#queue = new BatchQueue({
      run: (batches) => options.tables.appendTaskEvents(batches),
      sizeOf: sizeOfAppend,
      maxItems: options.maxItems,
      maxBytes: options.maxBytes,
      maxWaiting: options.maxWaiting,
      maxWaitingBytes: options.maxWaitingBytes,
    });
    const { wakeUp, clock, polling, ring, meter = silentMeter } = options;
    this.#tails = new LogTails({ tables: counted(options.tables, meter), wakeUp, clock, polling, ring });
    meter.gauge(TAILS, {}, () => this.#tails.count);
    meter.gauge(FOLLOWERS, {}, () => this.#tails.followers);
    this.#unsubscribe = wakeUp.subscribe((topic) => {
      if (topic === EVERYTHING) this.#tails.wakeAll();
      else if (topic.startsWith('task/')) this.#tails.wake(topic.slice('task/'.length));
    });
  }

  async append(batch: TaskEventAppend): Promise<TaskEventAppended> {
    const outcome = await this.#queue.add(storedAppend(batch));
    if (!outcome.ok) throw new StorageError(outcome.code, outcome.message);
    if (outcome.added) {
      this.#tails.wake(batch.taskUID);
      this.#options.wakeUp.publish(`task/${batch.taskUID}`);
    }
    return outcome.appended;
  }

  async read(query: TaskLogQuery): Promise<TaskEvent[]> {
    this.#assertOpen();
    const { events } = await this.#options.tables.readTaskEvents({ ...query, maxBytes: PAGE_BYTES });
    return events.map((row) => parsedEvent(row));
  }

  async messages(query: TaskLogQuery): Promise<TaskMessage[]> {
    this.#assertOpen();
    return this.#options.tables.readTaskMessages(query);
  }

  async bounds(taskUID: string): Promise<TaskLogBounds> {
    this.#assertOpen();
    return this.#options.tables.taskLogBounds(taskUID);
  }

  follow({ taskUID, ...query }: TaskLogFollow): AsyncGenerator<readonly TaskEvent[]> {
    return this.#tails.follow(taskUID, query);
  }

  /**
   * To be called when the database lost what was read from it: followers that may have been given what is lost end with
   * StorageError Compacted, the others go on with what it has now.
   */
  restart(): void {
    this.#tails.restartAll();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe();
    this.#tails.close();
    await this.#queue.close();
  }

  #assertOpen(): void {
    if (this.#closed) throw new StorageError('Closed', 'the store is closed');
  }
}
