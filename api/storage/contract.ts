import type { Unstructured } from '../machinery/meta.ts';
import type {
  TaskEvent,
  TaskEventAppend,
  TaskEventAppended,
  TaskEventInput,
  TaskMessage,
} from '../types/task-event.ts';
import type { EncryptionTables, NewestKey } from './encryption/encryption-tables.ts';
import type { HistoryTables } from './compaction/history-tables.ts';
import type { Dump } from './backup/backup-tables.ts';
import type { RetentionTables } from './retention-tables.ts';

export type { DeletedTask, DeletedTaskPlace } from './retention-tables.ts';

/**
 * The storage contract (DESIGN: one contract, two drivers). `Store` is what the registry uses: reads and
 * watches from memory, writes through one group-committing writer. `Driver` is what a database has to do.
 *
 * Revisions: one counter for the whole store. A commit assigns the next numbers while it holds the counter,
 * so the order of revisions is the order of commits and there are no gaps; a reader that sees
 * revision N has, or can read, every one below it. Whatever breaks that must stop the store, not hide.
 *
 * Lineage: each commit has an id of its own beside its numbers. A database that lost commits (a fail-over to a
 * replica that was behind, a restored backup) gives their numbers out again, under other ids; memory notices, numbers
 * start anew above all that anybody has seen, and every watcher lists anew.
 */

/** `resource` is `plural.group` (`tasks.agent.wecode.io`, `events`); `namespace` is '' for cluster-scoped. */
export interface StorageKey {
  resource: string;
  namespace: string;
  name: string;
}

/** An object at one revision. Frozen and shared between all readers: copy before changing. */
export interface StoredObject {
  readonly key: StorageKey;
  readonly revision: number;
  /** Has metadata.resourceVersion = String(revision). */
  readonly object: Unstructured;
  /** `object` as JSON text, made once and shared by every reply and watch that sends it. */
  json(): string;
}

export interface TaskDeletion {
  uid: string;
  /** Milliseconds since the epoch. */
  time: number;
}

export type Mutation =
  | { op: 'create'; key: StorageKey; object: Unstructured }
  | { op: 'update'; key: StorageKey; object: Unstructured; expectedRevision: number }
  | {
      op: 'delete';
      key: StorageKey;
      expectedRevision: number;
      /**
       * Given for a Task: its last state is kept in the same transaction, and its event log takes no appends any more.
       */
      deletedTask?: TaskDeletion;
    };

export type StoreEventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** One revision. For DELETED, `object` is the last state, with the revision of the deletion. */
export interface StoreEvent {
  type: StoreEventType;
  revision: number;
  object: StoredObject;
  /** State before this revision; lets a reader with a selector tell entering from leaving. */
  previous: StoredObject | undefined;
}

export interface ListQuery {
  resource: string;
  /** Absent: all namespaces. */
  namespace?: string;
  /** Only the object of this name; with a namespace ('' for cluster-scoped) it is looked up by its key. */
  name?: string;
  /**
   * Absent: the newest state, including every write acknowledged by any replica before the call.
   * 0: whatever memory holds. N: memory, once it has reached N.
   */
  minRevision?: number;
  /**
   * The state at exactly this revision, whatever was written since. StorageError Compacted when its history is
   * gone, FutureRevision when it is still to come. Not together with minRevision.
   */
  exactRevision?: number;
  /** At most this many; what is left out is only counted. Not together with a name. */
  limit?: number;
  /** Only objects behind this key, which itself may be gone. Together with a limit. */
  after?: Pick<StorageKey, 'name' | 'namespace'>;
}

export interface ListResult {
  /** The revision of the snapshot; a watch from here misses nothing. */
  revision: number;
  /** Ordered by namespace, then name, as bytes. An immutable snapshot. */
  items: readonly StoredObject[];
  /** Objects behind the last one, where a limit left some out. */
  remaining?: number;
}

export interface WatchQuery {
  resource: string;
  namespace?: string;
  /** Only the object of this name. */
  name?: string;
  /**
   * Only later revisions are sent. Older than the compacted revision: StorageError Compacted; one still to come:
   * nothing until it has.
   */
  after: number;
  signal: AbortSignal;
  /** Called once history is read: from then on `Store.delivered` holds for this watch. */
  onLive?: () => void;
}

/**
 * Batches of events in revision order, never empty, each event exactly once. Ends when the signal aborts
 * or the store closes; throws StorageError TooSlow when the reader fell behind its bounded buffer
 * (the reader watches again from its last revision).
 */
export type WatchStream = AsyncIterable<readonly StoreEvent[]>;

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

/** The per-Task event log and the messages of its conversation. */
export interface TaskLog {
  /**
   * Adds the events whose sourceSeq is new, in order, in one transaction with the messages (which are added
   * only if at least one event is new). Idempotent; a gap in sourceSeq is StorageError Conflict.
   */
  append(batch: TaskEventAppend): Promise<TaskEventAppended>;
  read(query: TaskLogQuery): Promise<TaskEvent[]>;
  /**
   * Existing events after `after`, then new ones as they come. Followers of one log share what is read: whoever keeps up
   * gets the same frozen arrays of the same events as all others, so that what is made of one (its text) can be kept
   * for the others; do not copy the array on the way. A slow follower reads for itself, and misses nothing.
   */
  follow(query: TaskLogFollow): AsyncIterable<readonly TaskEvent[]>;
  messages(query: TaskLogQuery): Promise<TaskMessage[]>;
  /** The number from which on events are kept: those before it have expired. */
  firstSeq(taskUID: string): Promise<number>;
}

export interface Store {
  /** Newest state, as a list without minRevision is. */
  get(key: StorageKey): Promise<StoredObject | undefined>;
  list(query: ListQuery): Promise<ListResult>;
  /**
   * Durable when it resolves, and seen by every later read through any replica. Throws StorageError Exists,
   * NotFound, Conflict (expectedRevision is not the current one) or OverLimit.
   */
  commit(mutation: Mutation): Promise<StoredObject>;
  watch(query: WatchQuery): WatchStream;
  /** The revision up to which each live watch of the resource was given every event, or has it ready to be taken. */
  delivered(resource: string): number;
  readonly log: TaskLog;
  readonly retention: RetentionTables;
  /** Drops history that nobody may still ask for; also runs by itself. Returns the compacted revision. */
  compact(): Promise<number>;
  /**
   * The bytes of a backup of everything at one revision, as `troupe restore` takes it; requests go on meanwhile. The
   * state is that of some moment after the first bytes are asked for. When the database fails it throws, and what came
   * before is visibly not whole.
   */
  backup(signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Resolves when a write and a read work, else throws StorageError Unavailable or Full; for /readyz. */
  check(): Promise<void>;
  /** What is known without asking anybody, for health checks that must answer at once. */
  health(): StoreHealth;
  /**
   * Resolves, with the cause, when the store had to stop by itself because the log of the database has a gap: serving
   * on would hide a lost revision. Its process is to end then: a new start reads everything anew.
   */
  readonly stopped: Promise<StorageError>;
  close(): Promise<void>;
}

export interface StoreHealth {
  /** Why the database cannot be used, as it was when it was last looked at. */
  database: StorageError | undefined;
  /** Whether hints of other replicas arrive; `unused` without Redis. */
  hints: 'away' | 'ok' | 'unused';
}

export type StorageErrorCode =
  | 'Exists'
  | 'NotFound'
  | 'Conflict'
  /** The revision asked for was compacted; list anew. */
  | 'Compacted'
  /** The revision asked for is newer than the store (and did not come within the wait). */
  | 'FutureRevision'
  | 'TooSlow'
  /** The database cannot be reached or refuses for now. */
  | 'Unavailable'
  /** The database was lost at the very moment of a commit: the write may have happened or not. */
  | 'OutcomeUnknown'
  /** No space left. */
  | 'Full'
  /** The object is larger than the database takes. */
  | 'TooLarge'
  /** The object is larger than the store's own limit; the message gives its size and the limit. */
  | 'OverLimit'
  /** What memory has is not, or not surely, the history of this database; nothing was written. */
  | 'Diverged'
  /** What is encrypted cannot be read with the keys at hand; the message says which, and what helps. */
  | 'Undecryptable'
  /** Encrypted under a key that is not the newest any more; nothing was written. Ends in storage: it is tried again. */
  | 'StaleKey'
  | 'Closed';

export class StorageError extends Error {
  readonly code: StorageErrorCode;
  /** The state that won, where the code is Conflict and it is known. */
  readonly current: StoredObject | undefined;

  constructor(
    code: StorageErrorCode,
    message: string,
    options: { cause?: unknown; current?: StoredObject } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'StorageError';
    this.code = code;
    this.current = options.current;
  }
}

// ---- What a database driver does -------------------------------------------------------------

/** A place in the history: a revision, and the commit that gave it out ('' where that is not known). */
export interface Position {
  revision: number;
  commitId: string;
}

/** A row of the revision log. `body` is the object's JSON without resourceVersion (its last state for a delete). */
export interface LogRow extends Position {
  key: StorageKey;
  op: 'create' | 'update' | 'delete';
  /** Revision of the state before, 0 for a create. */
  previousRevision: number;
  body: string;
}

/** A row of the log with the state before it, for a watch that starts in the past. */
export interface HistoryRow extends Omit<LogRow, 'commitId'> {
  /** Absent for a create. */
  previousBody?: string;
}

export interface HistoryQuery {
  resource: string;
  after: number;
  /** Later revisions are not read. */
  upTo: number;
  limit: number;
}

/** A mutation with its body serialised. */
export interface DriverMutation {
  op: 'create' | 'update' | 'delete';
  key: StorageKey;
  /** 0 for a create. */
  expectedRevision: number;
  /** Empty for a delete: the log has the last state already. */
  body: string;
  deletedTask?: TaskDeletion;
}

export type MutationOutcome =
  { ok: true; revision: number } | { ok: false; code: 'Exists' | 'NotFound' | 'Conflict' | 'TooLarge' };

/** What one transaction writes, and on what ground. */
export interface CommitBatch {
  mutations: readonly DriverMutation[];
  /** Where the memory is that the mutations were made from. */
  base: Position;
  /** Of this transaction, unique: what the next position has. */
  commitId: string;
  /** What encrypted the bodies, if any are. StorageError StaleKey, with nothing written, when it is not the newest. */
  key?: NewestKey;
}

/** An event as its table keeps it: `data` as text. */
export type StoredTaskEvent = Omit<TaskEvent, 'data'> & { data: string };

export interface StoredTaskAppend extends Omit<TaskEventAppend, 'events'> {
  events: (Omit<TaskEventInput, 'data'> & { data: string })[];
}

/** What became of one append: where the log stands, or why nothing was added. */
export type AppendOutcome =
  | { ok: true; appended: TaskEventAppended; added: boolean }
  /** Conflict: a gap in sourceSeq. NotFound: the Task was deleted and its log with it. */
  | { ok: false; code: 'Conflict' | 'NotFound'; message: string };

/** A current object's row. */
export interface ObjectRow {
  key: StorageKey;
  revision: number;
  body: string;
}

export interface RevisionState {
  /** The newest revision. */
  current: number;
  /** History up to and including this revision may be gone. */
  compacted: number;
}

/** Every current object at one position. */
export interface Snapshot extends Position {
  compacted: number;
  rows: ObjectRow[];
}

export interface Tail {
  /** The commit of the revision asked from; undefined where the log does not have it. */
  anchor: string | undefined;
  /** In order and without a gap, unless the revision asked from is compacted. */
  rows: LogRow[];
  /** Read with the rows or after them, so that what is missing among them is known to be compacted. */
  state: RevisionState;
}

/** The objects and the log of their revisions. Every method is one transaction. */
export interface RevisionTables {
  /**
   * Applies each mutation that fits the current state and gives it the next revision; the others get their
   * failure and do not stop the rest. Takes the revision counter first, so concurrent commits are serial.
   * When it throws, the outcome is unknown: a lost connection may have committed. Not so StorageError Diverged,
   * where the base is not in the history of this database, or too old to tell.
   */
  commit(batch: CommitBatch): Promise<MutationOutcome[]>;
  /** At most `limit` rows of the log after `after`. */
  tail(after: number, limit: number): Promise<Tail>;
  /** As tail, of one resource, with the states before. `compacted` was read in the same snapshot. */
  history(query: HistoryQuery): Promise<{ compacted: number; rows: HistoryRow[] }>;
  revision(): Promise<RevisionState & Pick<Position, 'commitId'>>;
  /** One consistent read. */
  snapshot(): Promise<Snapshot>;
  /**
   * Leaves every number up to `seen` behind, and those of now: the next revision is far above them and all history
   * is compacted. Nothing when that has been done since, by another replica. (etcdutl snapshot restore does so with
   * --bump-revision and --mark-compacted.)
   */
  bumpRevision(seen: number): Promise<void>;
}

export interface TaskLogBounds {
  /** The first number that is kept; 1 for a log that is not there. */
  firstSeq: number;
  /** The last number that was given; 0 for a log that is not there. */
  lastSeq: number;
}

/** The event logs and the conversations of Tasks. */
export interface TaskTables {
  /** One transaction for all; the outcomes are in the order of the batches. `key` as in CommitBatch. */
  appendTaskEvents(batches: readonly StoredTaskAppend[], key?: NewestKey): Promise<AppendOutcome[]>;
  readTaskEvents(query: TaskLogQuery): Promise<StoredTaskEvent[]>;
  readTaskMessages(query: TaskLogQuery): Promise<TaskMessage[]>;
  taskLogBounds(taskUID: string): Promise<TaskLogBounds>;
}

/** One open database. Vendor errors come out as StorageError (Unavailable, Full, TooLarge). */
export interface Driver {
  readonly revisions: RevisionTables;
  readonly tasks: TaskTables;
  readonly history: HistoryTables;
  readonly encryption: EncryptionTables;
  readonly retention: RetentionTables;
  /** True when other processes may write too, so memory has to follow the log. */
  readonly shared: boolean;
  /** Writes and reads one row. */
  check(): Promise<void>;
  /** Everything as it is stored, at one revision. */
  dump(signal: AbortSignal): Promise<Dump>;
  close(): Promise<void>;
}

/** A topic that is heard, not said: anything may have happened. */
export const EVERYTHING = '*';

/** Tells other replicas that there is something new. Only ever a hint: losing one delays, never loses. */
export interface WakeUp {
  /** Whether hints of others would arrive now; who waits for them looks more often while not. */
  readonly listening: boolean;
  /** `topic` is `revision` or `task/UID`. */
  publish(topic: string): void;
  subscribe(listener: (topic: string) => void): () => void;
  close(): Promise<void>;
}
