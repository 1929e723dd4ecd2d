import type { RunResult, RunState } from '#executor-manager/protocol/run';
import type { Redactor } from '../events/redact.ts';
import { RunCancelled, RunFailure, RunSuspended, describeError } from '../run-failure.ts';
import { limitedAnswer } from './answer.ts';
import type { Meter } from './run-meter.ts';

/** How a run stands, or has ended. */
export type Outcome = Pick<RunState, 'phase' | 'reason' | 'message' | 'messages' | 'result' | 'questions'>;

interface Known extends Pick<RunResult, 'sessionId' | 'workspace'> {
  warnings?: readonly string[];
}

/** However the run has ended, its status says what it has used up, and where its work and its session are. */
export function resultOf(
  { meter, redactor }: { meter: Meter; redactor: Redactor },
  answer: RunResult | undefined,
  { sessionId, workspace, warnings: ofServers = [] }: Known,
): Pick<Outcome, 'result'> {
  const beyond = answer === undefined ? [] : meter.warnings();
  const warnings = [...ofServers, ...(answer?.warnings ?? []), ...beyond];
  const known = {
    ...meter.totals(),
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(workspace === undefined ? {} : { workspace }),
  };
  if (answer === undefined && Object.keys(known).length + warnings.length === 0) return {};
  const words = limitedAnswer(redactor.text(answer?.value ?? ''), warnings);
  const output = answer?.output === undefined ? {} : redactor.data({ output: answer.output });
  return { result: { ...known, ...answer, ...output, ...words } };
}

/** The end of a run that has thrown. */
export function failed(error: unknown, redactor: Redactor): Outcome {
  if (error instanceof RunCancelled) return { phase: 'Cancelled', message: 'the run was cancelled' };
  if (error instanceof RunSuspended) {
    return { phase: 'Suspended', message: error.message, questions: [...error.questions] };
  }
  if (error instanceof RunFailure) {
    return { phase: 'Failed', reason: error.reason, message: redactor.text(error.message) };
  }
  return { phase: 'Failed', reason: 'AgentFailed', message: redactor.text(describeError(error)) };
}
