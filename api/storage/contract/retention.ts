/** A deleted Task whose last state and log are kept for a while. */
export interface DeletedTask {
  uid: string;
  namespace: string;
  name: string;
  /** Of the deletion. */
  revision: number;
  /** Milliseconds since the epoch. */
  deletedAt: number;
}

/** A place in the list of deleted Tasks, which goes by time. */
export type DeletedTaskPlace = Pick<DeletedTask, 'deletedAt' | 'uid'>;

export interface DeletedTaskQuery {
  /** Absent: all namespaces. */
  namespace?: string;
  /** Deleted later than this. */
  since: number;
  /** Only those before this place: the next page. */
  before?: DeletedTaskPlace;
  limit: number;
}

export interface PurgeQuery {
  /** Of Tasks deleted at or before this time logs go. */
  deletedUntil: number;
  /** And of those deleted at or before this time everything, so that a late append may begin a log again. */
  forgottenUntil: number;
  /** Only those after this place. */
  after?: DeletedTaskPlace;
  /** Rows per step. */
  limit: number;
}

/** The last states of deleted Tasks, while they are kept. */
export interface DeletedTaskArchive {
  /** Those deleted last first. */
  deletedTasks(query: DeletedTaskQuery): Promise<DeletedTask[]>;
  /** With its last state, as the log of revisions had it. */
  deletedTask(uid: string): Promise<(DeletedTask & { body: string }) | undefined>;
}

/**
 * Removes data whose time is over. Every step is small, holds up no commit, and may be repeated and done by several
 * replicas at once.
 */
export interface Retention extends DeletedTaskArchive {
  /** True for the first that asks in each interval, of all replicas. A turn taken in the future is none. */
  takeTurn(turn: { name: string; now: number; everyMs: number }): Promise<boolean>;
  /** What was the newest revision at a time, or somewhat before; 0 where nobody knows. */
  revisionAt(time: number): Promise<number>;
  /** Deletions in the future have happened now: clocks were wrong, and they must not be kept for ever. */
  limitDeletionTimes(now: number): Promise<void>;
  /**
   * Drops rows of the first deleted Task after the place.
   * @returns its place, and whether nothing is left to drop of it; undefined at the end
   */
  purgeDeletedTask(query: PurgeQuery): Promise<{ at: DeletedTaskPlace; done: boolean } | undefined>;
  /** Those of these logs, of Tasks that are not deleted, which have events. */
  logsWithEvents(uids: readonly string[]): Promise<string[]>;
  /** Drops the first events of a log; readers begin at the first that is left. @returns whether that was all */
  dropEvents(query: { taskUID: string; limit: number }): Promise<boolean>;
}
