import type { StopReason } from '../answer.ts';
import type { FinishReason } from './completion.ts';

const READ: ReadonlyMap<string, StopReason> = new Map([
  ['stop', 'complete'],
  ['length', 'length'],
  ['tool_calls', 'toolCalls'],
  ['function_call', 'toolCalls'],
  ['content_filter', 'refused'],
  // Words of services behind compatible gateways.
  ['max_tokens', 'length'],
  ['model_length', 'length'],
  ['tool_use', 'toolCalls'],
  ['safety', 'refused'],
  ['refusal', 'refused'],
]);

/** The reason for which a service ends an answer that failed; compatible services only. */
export const FAILED = 'error';

/** A reason that is not known here, such as `eos`, also ends an answer. Undefined while there is none. */
export function readFinishReason(value: unknown): StopReason | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return READ.get(value.toLowerCase()) ?? 'complete';
}

const WRITTEN: Readonly<Record<StopReason, FinishReason>> = {
  complete: 'stop',
  toolCalls: 'tool_calls',
  length: 'length',
  refused: 'content_filter',
  paused: 'stop',
};

export function writeFinishReason(reason: StopReason): FinishReason {
  return WRITTEN[reason];
}
