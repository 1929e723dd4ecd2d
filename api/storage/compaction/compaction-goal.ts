import type { HistoryMark } from './history-tables.ts';

/** How much history is kept. */
export interface CompactionRules {
  /** Milliseconds between two compactions, and between two marks. */
  everyMs: number;
  /** History of this many milliseconds is kept. */
  windowMs: number;
  /** At least this many revisions are kept, however old. */
  minRevisions: number;
  /** No more than this many are kept, however young. */
  maxRevisions: number;
  /** Marks are kept for at least this many milliseconds, for who asks how old a revision is. */
  rememberMs: number;
}

export interface CompactionGoal {
  /** What is at or below it may go. */
  upTo: number;
  /** The window is shorter than wanted, because the log would be too long. */
  shortened: boolean;
}

/**
 * How many marks must follow on one whose revision is as old as the window: any two are at least `everyMs` apart by
 * somebody's timer, whatever the clocks on the walls said.
 */
export const marksOfWindow = ({ windowMs, everyMs }: CompactionRules): number =>
  Math.ceil(windowMs / everyMs);

/** How many marks are kept. */
export const marksToKeep = ({ rememberMs, windowMs, everyMs }: CompactionRules): number =>
  Math.ceil(Math.max(rememberMs, windowMs) / everyMs) + 2;

/** @param marks the newest ones, newest first */
export function compactionGoal(
  rules: CompactionRules,
  { current, marks }: { current: number; marks: readonly HistoryMark[] },
): CompactionGoal {
  const needed = marksOfWindow(rules);
  const aged = needed === 0 ? current : (marks[needed]?.revision ?? 0);
  // The newest revision always stays: by it a replica that was away notices that it missed something.
  const byAge = Math.max(Math.min(aged, current - Math.max(rules.minRevisions, 1)), 0);
  const bySize = current - rules.maxRevisions;
  return { upTo: Math.max(byAge, bySize), shortened: bySize > byAge };
}
