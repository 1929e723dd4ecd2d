import type { Answer, AnswerBlock, AnswerPart, StopReason } from '../answer.ts';
import type { ModelFailure } from '../failure.ts';
import { objectOf, parseJson } from '../json-value.ts';
import type { ServerSentEvent } from '../server-sent-events.ts';
import { NO_USAGE } from '../token-usage.ts';
import type { TokenUsage } from '../token-usage.ts';
import type { StreamWriter } from '../wire-protocol.ts';
import { errorTypeOf } from './error-body.ts';
import type { ContentBlock, ContentDelta, Message, MessageEvent } from './message.ts';
import { writeStopReason } from './stop-reason.ts';
import { writeUsage } from './usage.ts';

/** A stream of MessageEvents. Blocks are opened and closed as the parts ask for it. */
export function createMessageWriter(): StreamWriter {
  return new MessageWriter();
}

class MessageWriter implements StreamWriter {
  #usage: TokenUsage = { ...NO_USAGE };
  #stop: StopReason = 'complete';
  #index = -1;
  /** The block that is open. */
  #open: ContentBlock['type'] | undefined;

  write(part: AnswerPart): ServerSentEvent[] {
    return this.#events(part).map((event) => ({ event: event.type, data: JSON.stringify(event) }));
  }

  #events(part: AnswerPart): MessageEvent[] {
    switch (part.type) {
      case 'start':
        this.#note(part.usage);
        return [this.#start(part)];
      case 'thinking':
        return this.#delta('thinking', { type: 'thinking_delta', thinking: part.text });
      case 'signature': {
        const events = this.#delta('thinking', { type: 'signature_delta', signature: part.signature });
        // It closes its block: what is thought after it has a signature of its own.
        return [...events, ...this.#close()];
      }
      case 'text':
        return this.#delta('text', { type: 'text_delta', text: part.text });
      case 'toolCall':
        return this.#begin({ type: 'tool_use', id: part.id, name: part.name, input: {} });
      case 'toolInput':
        return this.#delta('tool_use', { type: 'input_json_delta', partial_json: part.json });
      case 'usage':
        this.#note(part.usage);
        return [];
      case 'stop':
        this.#stop = part.reason;
        return this.#close();
      case 'failure':
        return [failureEvent(part.failure)];
      case 'end':
        return [...this.#close(), ...this.#end()];
    }
  }

  #note(usage: Partial<TokenUsage> | undefined): void {
    this.#usage = { ...this.#usage, ...usage };
  }

  #start({ id, model }: { id: string; model: string }): MessageEvent {
    // The count of the output is not known yet; services say 1 here.
    const usage = writeUsage({ ...this.#usage, outputTokens: 1 });
    const message: Message = {
      ...head(id, model),
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage,
    };
    return { type: 'message_start', message };
  }

  #delta(type: ContentBlock['type'], delta: ContentDelta): MessageEvent[] {
    const begin = this.#open === type ? [] : this.#begin(emptyBlock(type));
    return [...begin, { type: 'content_block_delta', index: this.#index, delta }];
  }

  #begin(block: ContentBlock): MessageEvent[] {
    const close = this.#close();
    this.#open = block.type;
    this.#index += 1;
    return [...close, { type: 'content_block_start', index: this.#index, content_block: block }];
  }

  #close(): MessageEvent[] {
    if (this.#open === undefined) return [];
    this.#open = undefined;
    return [{ type: 'content_block_stop', index: this.#index }];
  }

  #end(): MessageEvent[] {
    const delta = { stop_reason: writeStopReason(this.#stop), stop_sequence: null };
    return [{ type: 'message_delta', delta, usage: writeUsage(this.#usage) }, { type: 'message_stop' }];
  }
}

function emptyBlock(type: ContentBlock['type']): ContentBlock {
  switch (type) {
    case 'thinking':
      return { type, thinking: '', signature: '' };
    case 'text':
      return { type, text: '' };
    case 'tool_use':
      throw new RangeError('a tool call has its name before its input');
  }
}

function failureEvent({ kind, message = 'no message' }: ModelFailure): MessageEvent {
  return { type: 'error', error: { type: errorTypeOf(kind), message } };
}

function head(id: string, model: string): Pick<Message, 'id' | 'type' | 'role' | 'model'> {
  return { id, type: 'message', role: 'assistant', model };
}

/** The whole answer as a Message. */
export function writeMessage(answer: Answer): Message {
  return {
    ...head(answer.id, answer.model),
    content: answer.blocks.map(writeBlock),
    stop_reason: writeStopReason(answer.stop ?? 'complete'),
    stop_sequence: null,
    usage: writeUsage(answer.usage),
  };
}

function writeBlock(block: AnswerBlock): ContentBlock {
  switch (block.type) {
    case 'thinking':
      return { type: 'thinking', thinking: block.text, signature: block.signature ?? '' };
    case 'text':
      return block;
    case 'toolCall':
      // A model can write an input that is not JSON; this protocol has no way to pass such on.
      return { type: 'tool_use', id: block.id, name: block.name, input: objectOf(parseJson(block.input)) };
  }
}
