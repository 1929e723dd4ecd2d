import type { StopReason } from '../answer.ts';
import type { WireStopReason } from './message.ts';

const READ: Readonly<Record<WireStopReason, StopReason>> = {
  end_turn: 'complete',
  stop_sequence: 'complete',
  tool_use: 'toolCalls',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  pause_turn: 'paused',
  refusal: 'refused',
};

/** A reason that this version does not know also ends an answer. Undefined while there is none. */
export function readStopReason(value: unknown): StopReason | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return Object.hasOwn(READ, value) ? READ[value as WireStopReason] : 'complete';
}

const WRITTEN: Readonly<Record<StopReason, WireStopReason>> = {
  complete: 'end_turn',
  toolCalls: 'tool_use',
  length: 'max_tokens',
  refused: 'refusal',
  paused: 'pause_turn',
};

export function writeStopReason(reason: StopReason): WireStopReason {
  return WRITTEN[reason];
}
