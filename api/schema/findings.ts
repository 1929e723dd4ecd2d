import type { StatusCause } from '#api/machinery/status-error';
import { formatPath } from './field-path.ts';
import type { FieldPath } from './field-path.ts';

/** What validation has found so far, and where it is. */
export interface Findings {
  readonly at: FieldPath;
  readonly causes: StatusCause[];
  /** Adds a finding about the place where validation is. */
  add(makeCause: (field: string) => StatusCause): void;
}

/** A value that fails everywhere must not turn into an answer of megabytes; kube-apiserver has no such limit. */
const MAX_CAUSES = 100;

export function createFindings(at: FieldPath = []): Findings {
  const causes: StatusCause[] = [];
  return {
    at,
    causes,
    add(makeCause) {
      if (causes.length < MAX_CAUSES) causes.push(makeCause(formatPath(at)));
    },
  };
}
