import type { AnswerPart } from '#model-protocols/answer';
import { anthropic } from '#model-protocols/anthropic/anthropic';
import { openaiResponses } from '#model-protocols/openai-responses/openai-responses';
import { openai } from '#model-protocols/openai/openai';
import { readAnswer } from '#model-protocols/read-answer';
import { NO_USAGE } from '#model-protocols/token-usage';
import type { TokenUsage } from '#model-protocols/token-usage';
import type { WireProtocol } from '#model-protocols/wire-protocol';

/** Of one event, and of an answer in one piece; a larger one is not counted. */
const EVENT_BYTES = 8 * 1024 * 1024;

/** The calls whose answers say how many tokens they took; a program may speak another protocol than its Model's own. */
const PROTOCOLS: Readonly<Record<string, WireProtocol>> = {
  '/messages': anthropic,
  '/chat/completions': openai,
  '/responses': openaiResponses,
};

/** The tokens of one answer, and the model by which the service says that it gave it; '' when it says none. */
export interface AnswerUsage {
  model: string;
  usage: TokenUsage;
}

export interface CountedAnswer {
  /** Of the call, as the program wrote it. */
  target: string;
  contentType: string | undefined;
  body: AsyncIterable<Uint8Array>;
}

/**
 * Reads an answer on its way to the program, to its end or to where it breaks off, since a service counts what it has
 * said. Undefined for an answer that tells no tokens: the program has not asked for them, or it is no answer of a model.
 */
export async function readUsage({
  target,
  contentType,
  body,
}: CountedAnswer): Promise<AnswerUsage | undefined> {
  const protocol = protocolOf(target);
  if (protocol === undefined) return undefined;
  const found: AnswerUsage = { model: '', usage: { ...NO_USAGE } };
  let told = false;
  try {
    const reading = { protocol, body, contentType: contentType ?? null, maxEventBytes: EVENT_BYTES };
    for await (const part of readAnswer(reading)) told = take(found, part) || told;
  } catch {
    // It broke off, or is not to be read: the program sees the same bytes and says so.
  }
  return told ? found : undefined;
}

function protocolOf(target: string): WireProtocol | undefined {
  const [path = ''] = target.split('?', 1);
  return PROTOCOLS[path.startsWith('/v1/') ? path.slice('/v1'.length) : path];
}

/** Whether the part tells tokens. */
function take(found: AnswerUsage, part: AnswerPart): boolean {
  if (part.type === 'start') found.model = part.model;
  if ((part.type !== 'start' && part.type !== 'usage') || part.usage === undefined) return false;
  Object.assign(found.usage, part.usage);
  return true;
}
