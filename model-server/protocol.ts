import type { Conversation } from './conversation.ts';
import { estimateTokens } from './conversation.ts';
import type { ScriptedError, Step } from './script.ts';

/** One server-sent event. */
export interface StreamPart {
  event?: string;
  data: string;
}

/** A model service's wire format. `id` numbers the server's answers. */
export interface Protocol {
  name: string;
  /** Throws BadRequestError. */
  read(body: Record<string, unknown>): Conversation;
  error(error: ScriptedError): unknown;
  whole(conversation: Conversation, step: Step, id: number): unknown;
  /** Without its end when the step hangs or closes. */
  stream(conversation: Conversation, step: Step, id: number): StreamPart[];
}

/** About the size in which real services stream. */
const PIECE_LENGTH = 24;
/** Long answers come in few large pieces: a test of a big answer is not a test of patience. */
const MOST_PIECES = 200;

/** Cuts a text into the pieces of a stream; never inside a surrogate pair. */
export function pieces(text: string): string[] {
  const size = Math.max(PIECE_LENGTH, Math.ceil(text.length / MOST_PIECES));
  const cut: string[] = [];
  for (let start = 0; start < text.length;) {
    let end = Math.min(text.length, start + size);
    const code = text.charCodeAt(end - 1);
    if (end < text.length && code >= 0xd8_00 && code <= 0xdb_ff) end++;
    cut.push(text.slice(start, end));
    start = end;
  }
  return cut;
}

export function outputTokens(step: Step): number {
  return estimateTokens([step.thinking, step.reply, step.toolCalls]);
}
