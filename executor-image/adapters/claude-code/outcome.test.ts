import { expect, it } from 'vitest';
import { RunFailure } from '../../run-failure.ts';
import { isInterrupted, outcomeOf } from './outcome.ts';
import type { ResultMessage } from './stream-messages.ts';

/** Results as the real program gives them, by answers of a model that were sent to it. */
it.each<{ why: string; result: Partial<ResultMessage>; reason: string; message: string }>([
  {
    why: 'a limit of the program',
    result: { subtype: 'error_max_turns', errors: ['Reached maximum number of turns (2)'] },
    reason: 'TurnLimit',
    message: 'the agent has called its model as often as its limit allows',
  },
  {
    why: 'its limit of money',
    result: { subtype: 'error_max_budget_usd' },
    reason: 'CostLimit',
    message: 'the run has cost as much as its limit allows',
  },
  {
    why: 'an answer that never fitted',
    result: { subtype: 'error_max_structured_output_retries' },
    reason: 'OutputInvalid',
    message: 'the agent did not give an answer that fits the schema',
  },
  {
    why: 'an error of the program without a word',
    result: { subtype: 'error_during_execution' },
    reason: 'AgentFailed',
    message: 'Claude Code ended with error_during_execution',
  },
  {
    why: 'a key that is not accepted',
    result: { subtype: 'success', is_error: true, api_error_status: 401, result: 'bad key' },
    reason: 'ModelError',
    message: 'bad key',
  },
  {
    why: 'a prompt that is too long',
    result: {
      subtype: 'success',
      is_error: true,
      terminal_reason: 'prompt_too_long',
      result: 'Prompt is too long',
    },
    reason: 'ModelError',
    message: 'Prompt is too long',
  },
  {
    why: 'a refusal, told as an error of the service',
    result: {
      subtype: 'success',
      is_error: true,
      terminal_reason: 'api_error',
      stop_reason: 'refusal',
      result: 'API Error: safeguards',
    },
    reason: 'ModelRefused',
    message: 'API Error: safeguards',
  },
  {
    why: 'a refusal that looks like an answer',
    result: { subtype: 'success', is_error: false, stop_reason: 'refusal', result: 'I will' },
    reason: 'ModelRefused',
    message: 'the model refused to answer',
  },
  {
    why: 'an answer that was cut again and again',
    result: {
      subtype: 'success',
      is_error: true,
      terminal_reason: 'api_error',
      api_error: 'max_output_tokens',
      result: 'exceeded',
    },
    reason: 'AnswerCut',
    message: 'exceeded',
  },
  {
    why: 'an answer that was cut',
    result: { subtype: 'success', is_error: false, stop_reason: 'max_tokens', result: 'I will' },
    reason: 'AnswerCut',
    message: 'the answer is not complete: it reached a limit of tokens',
  },
])('$why is $reason', ({ result, reason, message }) => {
  const outcome = outcomeOf({ type: 'result', ...result });
  expect(outcome).toBeInstanceOf(RunFailure);
  expect(outcome).toMatchObject({ reason, message });
});

it('an answer, with its object where one was asked for', () => {
  const result: ResultMessage = {
    type: 'result',
    subtype: 'success',
    stop_reason: 'end_turn',
    result: 'Done.',
  };
  expect(outcomeOf(result)).toEqual({ value: 'Done.' });
  expect(outcomeOf({ ...result, structured_output: { a: 1 } })).toEqual({ value: 'Done.', output: { a: 1 } });
});

it.each([
  ['aborted_streaming', true],
  ['aborted_tools', true],
  ['completed', false],
  [undefined, false],
])('a turn that ends with %s was interrupted: %s', (reason, interrupted) => {
  expect(isInterrupted({ type: 'result', ...(reason && { terminal_reason: reason }) })).toBe(interrupted);
});
