import type { AnswerPart } from '../answer.ts';
import { readErrorValue } from '../error-body.ts';
import { notJson } from '../failure.ts';
import { isObject, objectOf, objectsOf, parseJson, textOf } from '../json-value.ts';
import type { JsonObject } from '../json-value.ts';
import type { StreamReader } from '../wire-protocol.ts';
import {
  callStart,
  inputParts,
  itemContent,
  signatureOf,
  stopOfItems,
  textParts,
  thinkingParts,
} from './output-item.ts';
import { readUsage } from './usage.ts';

/** The end of a stream in the older API; some compatible services send it here too. */
const DONE = '[DONE]';

/** Reads a stream of ResponseEvents, and of what compatible services send in their place. */
export function createResponseReader(): StreamReader {
  return new ResponseReader();
}

/**
 * The pieces of one item follow each other among AnswerParts. Where services stream two items at once, the one that
 * was there first comes in pieces, and the other one whole when it is done.
 */
class ResponseReader implements StreamReader {
  /** The item whose pieces are passed on. */
  #open: { key: unknown; isStreamed: boolean } | undefined;
  /** Items that were passed on to their end, by their place in the output. */
  readonly #done = new Map<unknown, JsonObject>();
  #started = false;

  read(data: string): AnswerPart[] {
    if (data === '' || data.trim() === DONE) return [];
    const event = parseJson(data);
    if (event === undefined) return [{ type: 'failure', failure: notJson('an event') }];
    return isObject(event) ? this.#eventParts(event) : [];
  }

  /** Only the events for it end an answer. */
  finish(): AnswerPart[] {
    return [];
  }

  #eventParts(event: JsonObject): AnswerPart[] {
    switch (event['type']) {
      case 'response.created':
      case 'response.in_progress':
        return this.#start(objectOf(event['response']));
      case 'response.output_item.added':
        return this.#added(keyOf(event), objectOf(event['item']));
      case 'response.output_item.done':
        return this.#itemDone(keyOf(event), objectOf(event['item']));
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
        return this.#ended(event['type'], objectOf(event['response']));
      case 'error':
        return [{ type: 'failure', failure: readErrorValue(event) }];
      default:
        return this.#piece(keyOf(event), deltaParts(event));
    }
  }

  #start(response: JsonObject): AnswerPart[] {
    if (this.#started) return [];
    this.#started = true;
    return [startOf(response)];
  }

  #added(key: unknown, item: JsonObject): AnswerPart[] {
    if (this.#open !== undefined) return [];
    this.#open = { key, isStreamed: false };
    return callStart(item);
  }

  #piece(key: unknown, parts: AnswerPart[]): AnswerPart[] {
    const open = this.#open;
    if (parts.length === 0 || open === undefined || open.key !== key) return [];
    open.isStreamed = true;
    return parts;
  }

  #itemDone(key: unknown, item: JsonObject): AnswerPart[] {
    if (this.#done.has(key)) return [];
    this.#done.set(key, item);
    const open = this.#open;
    if (open === undefined || open.key !== key) return [...callStart(item), ...itemContent(item)];
    this.#open = undefined;
    return open.isStreamed ? signatureOf(item) : itemContent(item);
  }

  #ended(type: string, response: JsonObject): AnswerPart[] {
    // Some services say an item only here, or never that it is done.
    const rest = objectsOf(response['output']).flatMap((item, index) => this.#itemDone(index, item));
    const items = [...this.#done.values()];
    const status = type === 'response.completed' ? response['status'] : type.slice('response.'.length);
    return [...this.#start(response), ...rest, ...endParts({ ...response, status }, items)];
  }
}

/** The place of the event's item in the output. */
function keyOf(event: JsonObject): unknown {
  return event['output_index'] ?? event['item_id'] ?? objectOf(event['item'])['id'];
}

function deltaParts({ type, delta }: JsonObject): AnswerPart[] {
  switch (type) {
    case 'response.output_text.delta':
    case 'response.refusal.delta':
      return textParts(delta);
    case 'response.reasoning_summary_text.delta':
    case 'response.reasoning_text.delta':
      return thinkingParts(delta);
    case 'response.function_call_arguments.delta':
    case 'response.custom_tool_call_input.delta':
      return inputParts(delta);
    default:
      return [];
  }
}

/** Reads a Response. */
export function readResponse(body: unknown): AnswerPart[] {
  const response = objectOf(body);
  const items = objectsOf(response['output']);
  const content = items.flatMap((item) => [...callStart(item), ...itemContent(item)]);
  const end = endParts(response, items);
  // Errors of the other form, which services send in place of a response.
  if (response['object'] !== 'response' && items.length === 0 && response['error'] !== undefined) return end;
  return [startOf(response), ...content, ...end];
}

function startOf(response: JsonObject): AnswerPart {
  return { type: 'start', id: textOf(response['id']) ?? '', model: textOf(response['model']) ?? '' };
}

function endParts(response: JsonObject, items: readonly JsonObject[]): AnswerPart[] {
  const { status, error } = response;
  const usage = readUsage(response['usage']);
  const counted: AnswerPart[] = Object.keys(usage).length === 0 ? [] : [{ type: 'usage', usage }];
  if (status === 'failed' || isObject(error) || textOf(error) !== undefined) {
    return [...counted, { type: 'failure', failure: readErrorValue(error) }];
  }
  const { reason } = objectOf(response['incomplete_details']);
  const cut = reason === 'content_filter' ? 'refused' : 'length';
  const stop = status === 'incomplete' ? cut : stopOfItems(items);
  return [...counted, { type: 'stop', reason: stop }, { type: 'end' }];
}
