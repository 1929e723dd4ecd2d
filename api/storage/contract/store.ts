import type { Administration } from './administration.ts';
import type { ObjectStore } from './objects.ts';
import type { Retention } from './retention.ts';
import type { TaskLog } from './task-log.ts';

/**
 * The storage contract (DESIGN: one contract, two drivers): this folder. Whoever uses a store takes the part that it
 * needs. What a database has to do for it is ../driver/driver.ts.
 *
 * Revisions: one counter for the whole store. A commit assigns the next numbers while it holds the counter,
 * so the order of revisions is the order of commits and there are no gaps; a reader that sees
 * revision N has, or can read, every one below it. Whatever breaks that must stop the store, not hide.
 *
 * Lineage: each commit has an id of its own beside its numbers. A database that lost commits (a fail-over to a
 * replica that was behind, a restored backup) gives their numbers out again, under other ids; memory notices, numbers
 * start above all that anybody has seen, and every watcher lists again.
 */
export interface Store extends Administration, ObjectStore {
  readonly log: TaskLog;
  readonly retention: Retention;
  close(): Promise<void>;
}
