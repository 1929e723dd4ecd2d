import type { ModelFailure } from './failure.ts';
import { NO_USAGE } from './token-usage.ts';
import type { TokenUsage } from './token-usage.ts';

/**
 * Why an answer ended. `complete`: the model had said all. `toolCalls`: it waits for results. `length`: a limit of
 * tokens cut it off. `refused`: the service's policy cut it off. `paused`: to be continued by another request.
 */
export type StopReason = 'complete' | 'toolCalls' | 'length' | 'refused' | 'paused';

/**
 * A piece of an answer, in the order in which services stream them. Readers of all protocols make these, writers
 * of all take them. The pieces of one text, thinking or tool call follow each other.
 */
export type AnswerPart =
  /** The first part. `usage` is what is known of it already. */
  | { type: 'start'; id: string; model: string; usage?: Partial<TokenUsage> }
  | { type: 'thinking'; text: string }
  /** Proof that the thinking before it is the model's own, whole; passed on as it is and never made up. */
  | { type: 'signature'; signature: string }
  | { type: 'text'; text: string }
  /** Only the Responses API has tools whose input is free text, and namespaces of tools. */
  | { type: 'toolCall'; id: string; name: string; namespace?: string; isFreeText?: true }
  /** A piece of the JSON text, or free text, that the tool call before it has as its input. */
  | { type: 'toolInput'; json: string }
  /** Counts of the whole answer; each replaces what was said before. */
  | { type: 'usage'; usage: Partial<TokenUsage> }
  | { type: 'stop'; reason: StopReason }
  /** The service says that it failed; nothing follows. */
  | { type: 'failure'; failure: ModelFailure }
  /** The service says that nothing follows, whatever happens to the connection. */
  | { type: 'end' };

export type AnswerBlock =
  | { type: 'thinking'; text: string; signature?: string }
  | { type: 'text'; text: string }
  /** `input` is a JSON text, as the model wrote it, or free text. */
  | { type: 'toolCall'; id: string; name: string; namespace?: string; input: string; isFreeText?: true };

/** A whole answer. */
export interface Answer {
  id: string;
  model: string;
  blocks: AnswerBlock[];
  /** Absent when the service did not say it. */
  stop?: StopReason;
  usage: TokenUsage;
}

/** Puts the parts of an answer together. Failures are not part of an answer and are passed over. */
export function collectAnswer(parts: Iterable<AnswerPart>): Answer {
  const answer: Answer = { id: '', model: '', blocks: [], usage: { ...NO_USAGE } };
  for (const part of parts) collectPart(answer, part);
  return answer;
}

function collectPart(answer: Answer, part: AnswerPart): void {
  switch (part.type) {
    case 'start':
      answer.id = part.id;
      answer.model = part.model;
      Object.assign(answer.usage, part.usage);
      return;
    case 'usage':
      Object.assign(answer.usage, part.usage);
      return;
    case 'stop':
      answer.stop = part.reason;
      return;
    case 'failure':
    case 'end':
      return;
    default:
      collectContent(answer.blocks, part);
  }
}

type Content = Extract<AnswerPart, { type: 'thinking' | 'signature' | 'text' | 'toolCall' | 'toolInput' }>;

function collectContent(blocks: AnswerBlock[], part: Content): void {
  const last = blocks.at(-1);
  switch (part.type) {
    case 'text':
      if (last?.type === 'text') last.text += part.text;
      else blocks.push({ type: 'text', text: part.text });
      return;
    case 'thinking':
      // A signature closes its block.
      if (last?.type === 'thinking' && last.signature === undefined) last.text += part.text;
      else blocks.push({ type: 'thinking', text: part.text });
      return;
    case 'signature':
      if (last?.type === 'thinking') last.signature = part.signature;
      return;
    case 'toolCall':
      blocks.push({ ...part, input: '' });
      return;
    case 'toolInput':
      if (last?.type === 'toolCall') last.input += part.json;
  }
}
