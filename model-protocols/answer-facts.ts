import type { AnswerPart, StopReason } from './answer.ts';
import { anthropic } from './anthropic/anthropic.ts';
import { openaiResponses } from './openai-responses/openai-responses.ts';
import { openai } from './openai/openai.ts';
import { readAnswer } from './read-answer.ts';
import { NO_USAGE } from './token-usage.ts';
import type { TokenUsage } from './token-usage.ts';
import type { WireProtocol } from './wire-protocol.ts';

/** Of one event, and of an answer in one piece; a larger one is not counted. */
const EVENT_BYTES = 8 * 1024 * 1024;

/** The calls that a model answers; a program may speak another protocol than its Model's own. */
const PROTOCOLS: Readonly<Record<string, WireProtocol>> = {
  '/messages': anthropic,
  '/chat/completions': openai,
  '/responses': openaiResponses,
};

/** The facts of one answer beside its words; absent where the service does not say them. */
export interface AnswerFacts {
  /** The model by which the service says that it gave it. */
  model?: string;
  usage?: TokenUsage;
  /** How it ended; absent where it broke off. */
  stop?: StopReason;
}

export interface PassingAnswer {
  /** Of the call, as the program wrote it. */
  target: string;
  contentType: string | undefined;
  body: AsyncIterable<Uint8Array>;
}

/**
 * Reads an answer on its way to the program, to its end or to where it breaks off, since a service counts what it has
 * said. Undefined for what is no answer of a model.
 */
export async function readFacts({
  target,
  contentType,
  body,
}: PassingAnswer): Promise<AnswerFacts | undefined> {
  const protocol = protocolOf(target);
  if (protocol === undefined) return undefined;
  const facts: AnswerFacts = {};
  try {
    const reading = { protocol, body, contentType: contentType ?? null, maxEventBytes: EVENT_BYTES };
    for await (const part of readAnswer(reading)) take(facts, part);
  } catch {
    // It broke off, or is not to be read: the program sees the same bytes and says so.
  }
  return facts;
}

function protocolOf(target: string): WireProtocol | undefined {
  const [path = ''] = target.split('?', 1);
  return PROTOCOLS[path.startsWith('/v1/') ? path.slice('/v1'.length) : path];
}

function take(facts: AnswerFacts, part: AnswerPart): void {
  if (part.type === 'stop') facts.stop = part.reason;
  if (part.type === 'start' && part.model !== '') facts.model = part.model;
  if ((part.type !== 'start' && part.type !== 'usage') || part.usage === undefined) return;
  facts.usage = { ...NO_USAGE, ...facts.usage, ...part.usage };
}
