import type { Answer, AnswerPart, StopReason } from '../answer.ts';
import type { ModelFailure } from '../failure.ts';
import type { ServerSentEvent } from '../server-sent-events.ts';
import { NO_USAGE } from '../token-usage.ts';
import type { TokenUsage } from '../token-usage.ts';
import type { StreamWriter } from '../wire-protocol.ts';
import { responseError } from './error.ts';
import { createItemWriter } from './item-writer.ts';
import type { ItemKind, ItemWriter } from './item-writer.ts';
import type { OutputItem, Response, ResponseEvent } from './response.ts';
import { writeUsage } from './usage.ts';

/** A stream of ResponseEvents. Items are opened and closed as the parts ask for it. */
export function createResponseWriter(): StreamWriter {
  return new ResponseWriter();
}

class ResponseWriter implements StreamWriter {
  #head = { id: '', model: '' };
  #usage: TokenUsage = { ...NO_USAGE };
  #stop: StopReason = 'complete';
  #number = 0;
  /** Items that are whole. */
  readonly #output: OutputItem[] = [];
  #open: ItemWriter | undefined;

  write(part: AnswerPart): ServerSentEvent[] {
    return this.#events(part).map((event) => {
      const numbered = { ...event, sequence_number: this.#number++ };
      return { event: event.type, data: JSON.stringify(numbered) };
    });
  }

  #events(part: AnswerPart): ResponseEvent[] {
    switch (part.type) {
      case 'start':
        this.#head = { id: part.id, model: part.model };
        this.#note(part.usage);
        return [
          { type: 'response.created', response: this.#response({}) },
          { type: 'response.in_progress', response: this.#response({}) },
        ];
      case 'thinking':
        return this.#delta('thinking', part.text);
      case 'signature':
        if (this.#open?.type !== 'thinking') return [];
        // It closes its item: what is thought after it has a signature of its own.
        return this.#close(part.signature);
      case 'text':
        return this.#delta('text', part.text);
      case 'toolCall':
        return this.#begin(part);
      case 'toolInput':
        return this.#open?.append(part.json) ?? [];
      case 'usage':
        this.#note(part.usage);
        return [];
      case 'stop':
        this.#stop = part.reason;
        return this.#close();
      case 'failure':
        return [...this.#close(), this.#failed(part.failure)];
      case 'end':
        return [...this.#close(), this.#ended()];
    }
  }

  #note(usage: Partial<TokenUsage> | undefined): void {
    this.#usage = { ...this.#usage, ...usage };
  }

  #delta(type: 'text' | 'thinking', delta: string): ResponseEvent[] {
    const begin = this.#open?.type === type ? [] : this.#begin({ type });
    return [...begin, ...(this.#open?.append(delta) ?? [])];
  }

  #begin(kind: ItemKind): ResponseEvent[] {
    const close = this.#close();
    this.#open = createItemWriter({ kind, index: this.#output.length, answer: this.#head.id });
    return [...close, ...this.#open.begin()];
  }

  #close(signature?: string): ResponseEvent[] {
    if (this.#open === undefined) return [];
    const { item, events } = this.#open.end(signature);
    this.#open = undefined;
    this.#output.push(item);
    return events;
  }

  #failed(failure: ModelFailure): ResponseEvent {
    const response = this.#response({ status: 'failed', error: responseError(failure) });
    return { type: 'response.failed', response };
  }

  #ended(): ResponseEvent {
    const usage = writeUsage(this.#usage);
    const response = this.#response({ ...endOf(this.#stop), usage });
    return {
      type: response.status === 'incomplete' ? 'response.incomplete' : 'response.completed',
      response,
    };
  }

  #response(fields: Partial<Response>): Response {
    return { ...headOf(this.#head), output: [...this.#output], ...fields };
  }
}

function headOf({ id, model }: { id: string; model: string }): Omit<Response, 'output'> {
  return {
    id,
    object: 'response',
    created_at: 0,
    model,
    status: 'in_progress',
    error: null,
    incomplete_details: null,
    usage: null,
  };
}

function endOf(stop: StopReason): Pick<Response, 'status' | 'incomplete_details'> {
  switch (stop) {
    case 'length':
      return { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } };
    case 'refused':
      return { status: 'incomplete', incomplete_details: { reason: 'content_filter' } };
    case 'complete':
    case 'toolCalls':
    case 'paused':
      return { status: 'completed', incomplete_details: null };
  }
}

/** The whole answer as a Response. */
export function writeResponse(answer: Answer): Response {
  const output = answer.blocks.map((block, index) => {
    const signature = block.type === 'thinking' ? block.signature : undefined;
    const writer = createItemWriter({ kind: block, index, answer: answer.id });
    writer.append(block.type === 'toolCall' ? block.input : block.text);
    return writer.end(signature).item;
  });
  return {
    ...headOf({ id: answer.id, model: answer.model }),
    ...endOf(answer.stop ?? 'complete'),
    output,
    usage: writeUsage(answer.usage),
  };
}
