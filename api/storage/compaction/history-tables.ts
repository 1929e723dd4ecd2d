/** Which revision was the newest at a time. */
export interface HistoryMark {
  revision: number;
  /** Milliseconds since the epoch, by the clock of the replica that made it. */
  time: number;
}

/** What compaction needs of a database. Every method is one small transaction. */
export interface HistoryTables {
  /** The newest marks, newest first. */
  marks(limit: number): Promise<HistoryMark[]>;
  /**
   * Marks the newest revision, unless the newest mark is another than `after` (undefined: there is none): then another
   * replica was first. Nothing when the revision has its mark. Only the `keep` newest marks stay.
   */
  addMark(mark: { after: number | undefined; time: number; keep: number }): Promise<void>;
  /**
   * Raises the compacted revision to at most `upTo`, always below the newest revision, and returns it. From then on
   * history up to it may go at any moment.
   */
  raiseCompacted(upTo: number): Promise<number>;
  /**
   * Deletes the next batch of what is compacted, without the lock that commits wait for. The newest state of each
   * object stays, however old. How far it got is in the database, so that a crash leaves nothing behind. Busy: another
   * replica is at it.
   */
  dropHistory(): Promise<'busy' | 'done' | 'more'>;
}

/** Name of the row of `progress` that has the last revision whose predecessor is gone. */
export const COMPACTION_PROGRESS = 'compaction';

/** A row of the log, as far as it says what it replaced. */
export interface ReplacingRow {
  revision: number;
  op: 'create' | 'delete' | 'update';
  previousRevision: number;
}

/** What goes with these rows: the states that they replaced, and deletions, which nothing later refers to. */
export function obsoleteRevisions(rows: readonly ReplacingRow[]): number[] {
  return rows.flatMap(({ revision, op, previousRevision }) => [
    ...(previousRevision > 0 ? [previousRevision] : []),
    ...(op === 'delete' ? [revision] : []),
  ]);
}
