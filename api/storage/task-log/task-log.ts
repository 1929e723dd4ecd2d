import type { Clock } from '../../machinery/clock.ts';
import type { TaskEvent, TaskEventAppend, TaskEventAppended, TaskMessage } from '../../types/task-event.ts';
import { BatchQueue } from '../commits/batch-queue.ts';
import { EVERYTHING, StorageError } from '../contract.ts';
import type {
  AppendOutcome,
  StoredTaskAppend,
  StoredTaskEvent,
  TaskLog,
  TaskLogQuery,
  TaskTables,
  WakeUp,
} from '../contract.ts';

const FOLLOW_PAGE = 500;

export interface TaskLogOptions {
  tables: TaskTables;
  wakeUp: WakeUp;
  clock: Clock;
  /**
   * Milliseconds between looks at the database while someone follows, and while hints arrive; undefined: this process
   * writes all.
   */
  polling: { everyMs: number; hintedMs: number } | undefined;
  maxItems: number;
  maxBytes: number;
  maxWaiting: number;
  maxWaitingBytes: number;
}

type FollowQuery = Parameters<TaskLog['follow']>[0];

/** The task log: appends share transactions, followers are woken by appends here and by hints from elsewhere. */
export class StoredTaskLog implements TaskLog {
  readonly #options: TaskLogOptions;
  readonly #queue: BatchQueue<StoredTaskAppend, AppendOutcome>;
  /** By task uid: wakes one follower each. */
  readonly #followers = new Map<string, Set<() => void>>();
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
    this.#unsubscribe = options.wakeUp.subscribe((topic) => {
      if (topic === EVERYTHING) for (const taskUID of this.#followers.keys()) this.#wake(taskUID);
      else if (topic.startsWith('task/')) this.#wake(topic.slice('task/'.length));
    });
  }

  async append(batch: TaskEventAppend): Promise<TaskEventAppended> {
    const outcome = await this.#queue.add(toStored(batch));
    if (!outcome.ok) throw new StorageError(outcome.code, outcome.message);
    if (outcome.added) {
      this.#wake(batch.taskUID);
      this.#options.wakeUp.publish(`task/${batch.taskUID}`);
    }
    return outcome.appended;
  }

  async read(query: TaskLogQuery): Promise<TaskEvent[]> {
    this.#assertOpen();
    const rows = await this.#options.tables.readTaskEvents(query);
    return rows.map((row) => fromStored(row));
  }

  async messages(query: TaskLogQuery): Promise<TaskMessage[]> {
    this.#assertOpen();
    return this.#options.tables.readTaskMessages(query);
  }

  async firstSeq(taskUID: string): Promise<number> {
    this.#assertOpen();
    return this.#options.tables.firstTaskEvent(taskUID);
  }

  async *follow({ taskUID, after, signal }: FollowQuery): AsyncGenerator<readonly TaskEvent[]> {
    const woken = new Wakening();
    this.#subscribe(taskUID, woken.wake);
    signal.addEventListener('abort', woken.wake, { once: true });
    let cursor = after;
    try {
      while (!signal.aborted && !this.#closed) {
        const page = await this.read({ taskUID, after: cursor, limit: FOLLOW_PAGE });
        cursor = page.at(-1)?.seq ?? cursor;
        if (page.length > 0) yield page;
        if (page.length < FOLLOW_PAGE && !signal.aborted) await this.#pause(woken);
      }
    } finally {
      this.#unsubscribeFollower(taskUID, woken.wake);
      signal.removeEventListener('abort', woken.wake);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe();
    for (const wakes of this.#followers.values()) for (const wake of wakes) wake();
    await this.#queue.close();
  }

  #assertOpen(): void {
    if (this.#closed) throw new StorageError('Closed', 'the store is closed');
  }

  async #pause(woken: Wakening): Promise<void> {
    const { polling, clock, wakeUp } = this.#options;
    const pollMs = wakeUp.listening ? polling?.hintedMs : polling?.everyMs;
    const cancel = pollMs === undefined || this.#closed ? undefined : clock.after(pollMs, woken.wake);
    if (!this.#closed) await woken.wait();
    cancel?.();
  }

  #subscribe(taskUID: string, wake: () => void): void {
    const wakes = this.#followers.get(taskUID) ?? new Set();
    this.#followers.set(taskUID, wakes.add(wake));
  }

  #unsubscribeFollower(taskUID: string, wake: () => void): void {
    const wakes = this.#followers.get(taskUID);
    wakes?.delete(wake);
    if (wakes?.size === 0) this.#followers.delete(taskUID);
  }

  #wake(taskUID: string): void {
    for (const wake of this.#followers.get(taskUID) ?? []) wake();
  }
}

/** A wake-up that is remembered when it comes before the wait, so none is lost. */
class Wakening {
  #woken = false;
  #resolve: (() => void) | undefined;

  readonly wake = (): void => {
    this.#woken = true;
    this.#resolve?.();
  };

  async wait(): Promise<void> {
    if (!this.#woken) {
      await new Promise<void>((resolve) => {
        this.#resolve = resolve;
      });
    }
    this.#woken = false;
    this.#resolve = undefined;
  }
}

/** Bytes of an append, about. */
function sizeOfAppend(batch: StoredTaskAppend): number {
  let size = 512;
  for (const event of batch.events) size += 256 + event.data.length;
  for (const message of batch.messages ?? []) size += 256 + message.content.length;
  return size;
}

const toStored = (batch: TaskEventAppend): StoredTaskAppend => ({
  ...batch,
  events: batch.events.map((event) => ({ ...event, data: JSON.stringify(event.data) })),
});

const fromStored = (row: StoredTaskEvent): TaskEvent => ({
  ...row,
  data: JSON.parse(row.data) as Record<string, unknown>,
});
