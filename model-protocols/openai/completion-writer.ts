import type { Answer, AnswerBlock, AnswerPart } from '../answer.ts';
import type { ServerSentEvent } from '../server-sent-events.ts';
import { NO_USAGE } from '../token-usage.ts';
import type { TokenUsage } from '../token-usage.ts';
import type { StreamWriter } from '../wire-protocol.ts';
import { DONE } from './completion-reader.ts';
import type { ChunkDelta, ChunkToolCall, Completion, CompletionChunk } from './completion.ts';
import { errorBodyOf } from './error-body.ts';
import { writeFinishReason } from './finish-reason.ts';
import { writeUsage } from './usage.ts';

/** A stream of CompletionChunks. */
export function createCompletionWriter(): StreamWriter {
  return new CompletionWriter();
}

class CompletionWriter implements StreamWriter {
  #head = { id: '', model: '' };
  #usage: TokenUsage = { ...NO_USAGE };
  #call = -1;

  write(part: AnswerPart): ServerSentEvent[] {
    switch (part.type) {
      case 'start':
        this.#head = { id: part.id, model: part.model };
        this.#note(part.usage);
        return [this.#delta({ role: 'assistant', content: '' })];
      case 'thinking':
        return [this.#delta({ reasoning_content: part.text })];
      case 'signature':
        return []; // this protocol has no place for one
      case 'text':
        return [this.#delta({ content: part.text })];
      case 'toolCall':
        this.#call += 1;
        return [
          this.#callDelta({ id: part.id, type: 'function', function: { name: part.name, arguments: '' } }),
        ];
      case 'toolInput':
        return [this.#callDelta({ function: { arguments: part.json } })];
      case 'usage':
        this.#note(part.usage);
        return [];
      case 'stop': {
        const choice = { index: 0, delta: {}, finish_reason: writeFinishReason(part.reason) };
        return [this.#chunk({ choices: [choice] })];
      }
      case 'failure':
        return [{ data: JSON.stringify(errorBodyOf(part.failure)) }];
      case 'end':
        return [this.#chunk({ choices: [], usage: writeUsage(this.#usage) }), { data: DONE }];
    }
  }

  #note(usage: Partial<TokenUsage> | undefined): void {
    this.#usage = { ...this.#usage, ...usage };
  }

  #callDelta(call: Omit<ChunkToolCall, 'index'>): ServerSentEvent {
    return this.#delta({ tool_calls: [{ index: this.#call, ...call }] });
  }

  #delta(delta: ChunkDelta): ServerSentEvent {
    return this.#chunk({ choices: [{ index: 0, delta, finish_reason: null }] });
  }

  #chunk(content: Pick<CompletionChunk, 'choices' | 'usage'>): ServerSentEvent {
    const { id, model } = this.#head;
    const chunk: CompletionChunk = { id, object: 'chat.completion.chunk', created: 0, model, ...content };
    return { data: JSON.stringify(chunk) };
  }
}

/** The whole answer as a Completion. */
export function writeCompletion(answer: Answer): Completion {
  const thinking = joined(answer.blocks, 'thinking');
  const calls = answer.blocks.filter((block) => block.type === 'toolCall');
  const message: Completion['choices'][number]['message'] = {
    role: 'assistant',
    content: joined(answer.blocks, 'text') ?? null,
    ...(thinking === undefined ? {} : { reasoning_content: thinking }),
    ...(calls.length === 0
      ? {}
      : {
          tool_calls: calls.map(({ id, name, input }) => ({
            id,
            type: 'function' as const,
            function: { name, arguments: input },
          })),
        }),
  };
  return {
    id: answer.id,
    object: 'chat.completion',
    created: 0,
    model: answer.model,
    choices: [{ index: 0, message, finish_reason: writeFinishReason(answer.stop ?? 'complete') }],
    usage: writeUsage(answer.usage),
  };
}

function joined(blocks: readonly AnswerBlock[], type: 'thinking' | 'text'): string | undefined {
  const texts = blocks.flatMap((block) => (block.type === type ? [block.text] : []));
  return texts.length === 0 ? undefined : texts.join('');
}
