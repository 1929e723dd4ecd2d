import type { StatusCause } from '../machinery/status-error.ts';
import { MATCHING_BUDGET } from '../structural-schema/compiled-pattern.ts';
import { formatPath } from './field-path.ts';
import type { FieldPath } from './field-path.ts';

/** What validation has found so far, and where it is. */
export interface Findings {
  readonly at: FieldPath;
  readonly causes: StatusCause[];
  /** Adds a finding about the place where validation is. */
  add(makeCause: (field: string) => StatusCause): void;
  /** Whether there is still so much left to spend on matching patterns; takes it. */
  spend(work: number): boolean;
}

/** A value that fails everywhere must not turn into an answer of megabytes; kube-apiserver has no such limit. */
const MAX_CAUSES = 100;

export function createFindings(at: FieldPath = []): Findings {
  const causes: StatusCause[] = [];
  let left = MATCHING_BUDGET;
  return {
    at,
    causes,
    add(makeCause) {
      if (causes.length >= MAX_CAUSES) return;
      const cause = makeCause(formatPath(at));
      // The root has no name: a nil path in Go.
      causes.push(cause.field === '' ? { ...cause, field: '<nil>' } : cause);
    },
    spend(work) {
      left -= work;
      return left >= 0;
    },
  };
}

/** Without what was found twice, such as by two parts of an allOf (kube-openapi Result.AddErrors). */
export function distinctCauses(causes: StatusCause[]): StatusCause[] {
  if (causes.length < 2) return causes;
  const seen = new Set<string>();
  return causes.filter((cause) => {
    const text = `${cause.field}\n${cause.reason}\n${cause.message}`;
    return !seen.has(text) && seen.add(text);
  });
}
