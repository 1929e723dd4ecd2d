import type {
  TaskEvent,
  TaskEventAppend,
  TaskEventAppended,
  TaskEventInput,
  TaskMessage,
} from '../../types/tasks/task-event.ts';
import type { TaskLogBounds, TaskLogQuery } from '../contract/task-log.ts';
import type { NewestKey } from '../encryption/encryption-tables.ts';

/** An event as its table keeps it: `data` as text. */
export type StoredTaskEvent = Omit<TaskEvent, 'data'> & { data: string };

export interface StoredTaskAppend extends Omit<TaskEventAppend, 'events'> {
  events: (Omit<TaskEventInput, 'data'> & { data: string })[];
}

export interface TaskEventsQuery extends TaskLogQuery {
  /** The page is full once the texts of its events have this many bytes together. */
  maxBytes: number;
}

export interface StoredTaskPage {
  events: StoredTaskEvent[];
  /** The page is full, so there may be more. */
  isFull: boolean;
}

/** The outcome of one append: where the log stands, or why nothing was added. */
export type AppendOutcome =
  | { ok: true; appended: TaskEventAppended; added: boolean }
  /** Conflict: a gap in sourceSeq. NotFound: the Task was deleted and its log with it. */
  | { ok: false; code: 'Conflict' | 'NotFound'; message: string };

/** The event logs and the conversations of Tasks. */
export interface TaskTables {
  /** One transaction for all; the outcomes are in the order of the batches. `key` as in CommitBatch. */
  appendTaskEvents(batches: readonly StoredTaskAppend[], key?: NewestKey): Promise<AppendOutcome[]>;
  /** Events in order until the page is full; not empty where there is one. */
  readTaskEvents(query: TaskEventsQuery): Promise<StoredTaskPage>;
  readTaskMessages(query: TaskLogQuery): Promise<TaskMessage[]>;
  taskLogBounds(taskUID: string): Promise<TaskLogBounds>;
}
