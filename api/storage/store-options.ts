import type { CompactionRules } from './compaction/compaction-goal.ts';

/** How a store behaves under load and over time; the defaults are right for production. */
export interface StoreOptions {
  /** Writes per transaction. */
  maxItems: number;
  /** Characters per transaction, about; stays well below MySQL's smallest common max_allowed_packet, 16 MiB. */
  maxBytes: number;
  /** Writes that may wait; more are refused as Unavailable. */
  maxWaiting: number;
  /** Characters of them, about; while more wait, writes are refused too. */
  maxWaitingBytes: number;
  /** Events kept in memory per resource, for watches that start a little in the past. */
  ringCapacity: number;
  /** Characters of their texts, at most. */
  ringBytes: number;
  /** Events that may wait for a slow watch before it ends with TooSlow. */
  watchBuffer: number;
  /** Characters of their texts; while more waits, the next event ends the watch. */
  watchBytes: number;
  /** Snapshots of the past that are kept, for the next pages of a list. */
  pastSnapshots: number;
  /** Characters of their objects. */
  pastSnapshotBytes: number;
  /** How long a read waits for a revision, in milliseconds; kube-apiserver waits 3 s. */
  waitMs: number;
  /** Milliseconds between looks at a shared database's log; while hints arrive they are only the safety net. */
  pollMs: number;
  hintedPollMs: number;
  /** Events kept in memory of each task log that is followed; at most twice as many and a page. */
  taskRingEvents: number;
  /** Characters of them, beside the newest page. */
  taskRingBytes: number;
  /** Milliseconds between looks at a followed task log in a shared database. */
  taskPollMs: number;
  hintedTaskPollMs: number;
  compaction: CompactionRules;
}

export const DEFAULT_STORE_OPTIONS: StoreOptions = {
  maxItems: 256,
  maxBytes: 4 * 1024 * 1024,
  maxWaiting: 10_000,
  maxWaitingBytes: 128 * 1024 * 1024,
  ringCapacity: 2_000,
  ringBytes: 32 * 1024 * 1024,
  watchBuffer: 10_000,
  watchBytes: 32 * 1024 * 1024,
  pastSnapshots: 32,
  pastSnapshotBytes: 64 * 1024 * 1024,
  waitMs: 3_000,
  pollMs: 50,
  hintedPollMs: 250,
  taskRingEvents: 500,
  taskRingBytes: 1024 * 1024,
  taskPollMs: 1_000,
  hintedTaskPollMs: 5_000,
  compaction: {
    everyMs: 60_000,
    windowMs: 15 * 60_000,
    minRevisions: 10_000,
    maxRevisions: 1_000_000,
    rememberMs: 60 * 60_000,
  },
};
