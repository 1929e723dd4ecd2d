import type { Unstructured } from '../../machinery/meta.ts';

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
       * Given for a Task: its last state is kept in the same transaction, and its event log takes no more appends.
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

/** Events of a batch that is handed to several watches alike, at most. */
export const MAX_SHARED_EVENTS = 256;

/**
 * Live watches that want the same events are handed the same frozen events, and the same array of them where it has at
 * most MAX_SHARED_EVENTS: what is made of one (its items, its bytes) can be kept for the others by its identity. Whoever
 * passes a stream on passes the arrays on as they are; a copy costs each watch its own encoding.
 *
 * Batches of events in revision order, never empty, each event exactly once. Ends when the signal aborts
 * or the store closes; throws StorageError TooSlow when the reader fell behind its bounded buffer
 * (the reader watches again from its last revision).
 */
export type WatchStream = AsyncIterable<readonly StoreEvent[]>;

/** The objects: reads and watches from memory, writes through one group-committing writer. */
export interface ObjectStore {
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
}
