import type { TaskRevision } from '#api/types/generated/task-revision';

/** A TaskRevision is kept for this long after the last Task or Team that named it is gone. Milliseconds. */
export const KEEP_UNUSED_MS = 60 * 60_000;
/** A Task makes its TaskRevision before it names it: a new one is not called unused at once. Milliseconds. */
export const GRACE_MS = 60_000;

export type RevisionPlan =
  | { kind: 'leave' }
  /** Nothing to do before that many milliseconds are over. */
  | { kind: 'wait'; ms: number }
  | { kind: 'mark unused' }
  | { kind: 'mark used' }
  | { kind: 'delete' };

/** The next step for a TaskRevision. `now` in milliseconds since the epoch. Pure. */
export function planRevision(revision: TaskRevision, isNamed: boolean, now: number): RevisionPlan {
  const { deletionTimestamp, creationTimestamp } = revision.metadata;
  if (deletionTimestamp !== undefined) return { kind: 'leave' };
  const since = revision.status?.unusedSince;
  if (isNamed) return since === undefined ? { kind: 'leave' } : { kind: 'mark used' };
  if (since === undefined) {
    const left = Date.parse(creationTimestamp ?? '') + GRACE_MS - now;
    return left > 0 ? { kind: 'wait', ms: left } : { kind: 'mark unused' };
  }
  const left = Date.parse(since) + KEEP_UNUSED_MS - now;
  return left > 0 ? { kind: 'wait', ms: left } : { kind: 'delete' };
}
