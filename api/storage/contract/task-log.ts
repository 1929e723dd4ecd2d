import type {
  TaskEvent,
  TaskEventAppend,
  TaskEventAppended,
  TaskMessage,
} from '../../types/tasks/task-event.ts';

export interface TaskLogQuery {
  taskUID: string;
  /** Only later events. */
  after: number;
  /** At most this many. */
  limit: number;
}

export interface TaskLogFollow {
  taskUID: string;
  /** Only later events. */
  after: number;
  /** Ends the stream at once. */
  signal: AbortSignal;
  /** When it aborts, what is in the log by then still comes, and the stream ends. */
  until?: AbortSignal;
}

export interface TaskLogBounds {
  /** The first number that is kept; 1 for a log that is not there. */
  firstSeq: number;
  /** The last number that was given; 0 for a log that is not there. */
  lastSeq: number;
}

/** The per-Task event log and the messages of its conversation. */
export interface TaskLog {
  /**
   * Adds the events whose sourceSeq is new, in order, in one transaction with the messages (which are added
   * only if at least one event is new). Idempotent; a gap in sourceSeq is StorageError Conflict.
   */
  append(batch: TaskEventAppend): Promise<TaskEventAppended>;
  /** Fewer than `limit` also where they are large; an empty list is the end. */
  read(query: TaskLogQuery): Promise<TaskEvent[]>;
  /**
   * Existing events after `after`, then new ones as they come. Followers of one log share what is read: whoever keeps up
   * gets the same frozen arrays of the same events as all others, so that what is made of one (its text) can be kept
   * for the others; do not copy the array on the way. A slow follower reads for itself, and misses nothing.
   * StorageError Compacted: the database lost events that this follower may have been given; read from the beginning.
   */
  follow(query: TaskLogFollow): AsyncIterable<readonly TaskEvent[]>;
  messages(query: TaskLogQuery): Promise<TaskMessage[]>;
  /** Events before the first number have expired. */
  bounds(taskUID: string): Promise<TaskLogBounds>;
}
