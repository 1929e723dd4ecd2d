import type { RunFailureReason, RunResult } from '#executor-manager/protocol/run';
import { RunFailure } from '../../run-failure.ts';
import type { ResultMessage } from './stream-messages.ts';

/** Error results of the program's own limits. */
const LIMITS: Readonly<Record<string, { reason: RunFailureReason; message: string }>> = {
  error_max_turns: {
    reason: 'TurnLimit',
    message: 'the agent has called its model as often as its limit allows',
  },
  error_max_budget_usd: { reason: 'CostLimit', message: 'the run has cost as much as its limit allows' },
  error_max_structured_output_retries: {
    reason: 'OutputInvalid',
    message: 'the agent did not give an answer that fits the schema',
  },
};

/** The meaning of a result of the program: an answer, or why there is none. */
export function outcomeOf(result: ResultMessage): Pick<RunResult, 'value' | 'output'> | RunFailure {
  const { subtype = 'an error', is_error: isError, structured_output: output } = result;
  const words = result.result ?? (result.errors ?? []).join('; ');
  if (isError !== true && subtype === 'success') {
    const reason = incomplete(result);
    if (reason !== undefined) return new RunFailure(reason, INCOMPLETE[reason]);
    return { value: words, ...(output === undefined ? {} : { output }) };
  }
  const limit = LIMITS[subtype];
  if (limit !== undefined) return new RunFailure(limit.reason, limit.message);
  return new RunFailure(reasonOf(result), words === '' ? `Claude Code ended with ${subtype}` : words);
}

const INCOMPLETE = {
  ModelRefused: 'the model refused to answer',
  AnswerCut: 'the answer is not complete: it reached a limit of tokens',
} as const;

function incomplete({
  stop_reason: stop,
  api_error: error,
}: ResultMessage): keyof typeof INCOMPLETE | undefined {
  if (stop === 'refusal') return 'ModelRefused';
  return stop === 'max_tokens' || error === 'max_output_tokens' ? 'AnswerCut' : undefined;
}

function reasonOf(result: ResultMessage): RunFailureReason {
  const reason = incomplete(result);
  if (reason !== undefined) return reason;
  const ofModel =
    result.terminal_reason === 'api_error' ||
    result.terminal_reason === 'prompt_too_long' ||
    typeof result.api_error_status === 'number';
  return ofModel ? 'ModelError' : 'AgentFailed';
}

/** Whether somebody has ended the turn, us included. */
export function isInterrupted({ terminal_reason: reason }: ResultMessage): boolean {
  return reason?.startsWith('aborted') === true;
}
