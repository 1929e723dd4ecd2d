import type { KubeObject } from '#api/machinery/meta';
import { UNUSED_SINCE } from '#api/types/skills/skill';

/** A SkillPackage is kept for this long after the last object that named it is gone. Milliseconds. */
export const KEEP_UNUSED_MS = 60 * 60_000;
/** A package is made before a Skill names it: a new one is not called unused at once. Milliseconds. */
export const GRACE_MS = 60_000;

export type PackagePlan =
  | { kind: 'leave' }
  /** Nothing to do before that many milliseconds are over. */
  | { kind: 'wait'; ms: number }
  | { kind: 'mark unused' }
  | { kind: 'mark used' }
  | { kind: 'delete' };

/** The next step for a SkillPackage, of which only metadata is known. `now` in milliseconds since the epoch. Pure. */
export function planPackage({ metadata }: KubeObject, isNamed: boolean, now: number): PackagePlan {
  if (metadata.deletionTimestamp !== undefined) return { kind: 'leave' };
  const since = metadata.annotations?.[UNUSED_SINCE];
  if (isNamed) return since === undefined ? { kind: 'leave' } : { kind: 'mark used' };
  // A mark that somebody else has spoilt is made once more.
  const marked = since === undefined ? Number.NaN : Date.parse(since);
  if (Number.isNaN(marked)) {
    const left = Date.parse(metadata.creationTimestamp ?? '') + GRACE_MS - now;
    return left > 0 ? { kind: 'wait', ms: left } : { kind: 'mark unused' };
  }
  const left = marked + KEEP_UNUSED_MS - now;
  return left > 0 ? { kind: 'wait', ms: left } : { kind: 'delete' };
}
