import type { StorageKey, TaskDeletion } from '../contract/objects.ts';
import type { NewestKey } from '../encryption/encryption-tables.ts';

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

/** The writes of one transaction, and the state that they rest on. */
export interface CommitBatch {
  mutations: readonly DriverMutation[];
  /** Where the memory is that the mutations were made from. */
  base: Position;
  /** Of this transaction, unique: what the next position has. */
  commitId: string;
  /** The key of encrypted bodies, if any. StorageError StaleKey, with nothing written, when it is not the newest. */
  key?: NewestKey;
}

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
