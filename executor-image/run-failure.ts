import type { RunFailureReason, RunQuestion } from '#executor-manager/protocol/run';

/** A run that cannot succeed: the reason for machines, one sentence for people, no secret in it. */
export class RunFailure extends Error {
  override readonly name = 'RunFailure';
  readonly reason: RunFailureReason;

  constructor(reason: RunFailureReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}

/** The run's signal aborts with this when somebody asked the agent to end. */
export class RunCancelled extends Error {
  override readonly name = 'RunCancelled';
}

/** The run's signal aborts with this when it has waited for a person for long enough: a later run goes on. */
export class RunSuspended extends Error {
  override readonly name = 'RunSuspended';
  readonly questions: readonly RunQuestion[];

  constructor(questions: readonly RunQuestion[]) {
    super('the run waits for an answer');
    this.questions = questions;
  }
}

/** The message of any thrown value, with its cause: `fetch failed: connect ECONNREFUSED 127.0.0.1:1`. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message || error.cause.name}` : '';
  return `${error.message || error.name}${cause}`;
}
