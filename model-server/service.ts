import type { AnswerPart } from '#model-protocols/answer';
import type { JsonObject } from '#model-protocols/json-value';
import type { WireProtocol } from '#model-protocols/wire-protocol';
import { estimateTokens } from './conversation.ts';
import type { Conversation } from './conversation.ts';
import type { Step, ToolCall } from './script.ts';

/** A scripted model as clients of one protocol see it. */
export interface Service {
  protocol: WireProtocol;
  /** Throws InvalidRequestError. */
  read(body: JsonObject): Conversation;
  /** The prefixes of ids of answers and tool calls at the service that is played. */
  idPrefixes: { answer: string; toolCall: string };
}

/** About the size in which real services stream. */
const PIECE_LENGTH = 24;
/** Long answers come in few large pieces: a test of a big answer is not a test of patience. */
const MOST_PIECES = 200;

/** Cuts a text into the pieces of a stream; never inside a surrogate pair. */
function pieces(text: string): string[] {
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

export interface ScriptedAnswer {
  conversation: Conversation;
  step: Step;
  /** The number of the server's answer. */
  id: number;
}

/** The step as a model would say it; without its end when the step hangs or closes. */
export function answerParts({ idPrefixes }: Service, answer: ScriptedAnswer): AnswerPart[] {
  const { conversation, step, id } = answer;
  const counted = usage(conversation, step);
  const start = { type: 'start', id: `${idPrefixes.answer}${id}`, model: conversation.model } as const;
  const parts: AnswerPart[] = [
    { ...start, usage: counted },
    ...thinkingParts(step.thinking, id),
    ...pieces(step.reply ?? '').map((text): AnswerPart => ({ type: 'text', text })),
    ...step.toolCalls.flatMap((call, index) =>
      callParts(call, { id: `${idPrefixes.toolCall}${id}_${index}`, namespaces: conversation.namespaces }),
    ),
  ];
  if (step.failure !== undefined) return [...parts, { type: 'failure', failure: step.failure }];
  if (step.ending !== 'complete') return parts;
  const reason = step.stop ?? (step.toolCalls.length > 0 ? 'toolCalls' : 'complete');
  return [...parts, { type: 'usage', usage: counted }, { type: 'stop', reason }, { type: 'end' }];
}

interface CallOptions {
  id: string;
  namespaces: readonly string[];
}

function callParts({ name, input }: ToolCall, { id, namespaces }: CallOptions): AnswerPart[] {
  const namespace = namespaces.find((candidate) => name.startsWith(`${candidate}__`));
  const named = namespace === undefined ? { name } : { namespace, name: name.slice(namespace.length + 2) };
  const isFreeText = typeof input === 'string';
  const json = isFreeText ? input : JSON.stringify(input);
  return [
    { type: 'toolCall', id, ...named, ...(isFreeText ? { isFreeText } : {}) },
    ...pieces(json).map((json): AnswerPart => ({ type: 'toolInput', json })),
  ];
}

function thinkingParts(thinking: string | undefined, id: number): AnswerPart[] {
  if (thinking === undefined) return [];
  const signature = Buffer.from(`scripted-${id}`).toString('base64');
  return [
    ...pieces(thinking).map((text): AnswerPart => ({ type: 'thinking', text })),
    { type: 'signature', signature },
  ];
}

function usage(conversation: Conversation, { usage: scripted, thinking, reply, toolCalls }: Step) {
  return {
    inputTokens: scripted?.inputTokens ?? conversation.inputTokens,
    outputTokens: scripted?.outputTokens ?? estimateTokens([thinking, reply, toolCalls]),
    cacheReadTokens: scripted?.cacheReadTokens ?? 0,
    cacheWriteTokens: scripted?.cacheWriteTokens ?? 0,
  };
}
