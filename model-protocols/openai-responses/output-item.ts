import type { AnswerPart, StopReason } from '../answer.ts';
import { isObject, objectsOf, textOf } from '../json-value.ts';
import type { JsonObject } from '../json-value.ts';

/** The first part of a call; none for other items. */
export function callStart(item: JsonObject): AnswerPart[] {
  const named = { id: textOf(item['call_id']) ?? textOf(item['id']) ?? '', name: textOf(item['name']) ?? '' };
  switch (item['type']) {
    case 'function_call': {
      const namespace = textOf(item['namespace']);
      return [{ type: 'toolCall', ...named, ...(namespace === undefined ? {} : { namespace }) }];
    }
    case 'custom_tool_call':
      return [{ type: 'toolCall', ...named, isFreeText: true }];
    default:
      return [];
  }
}

/** All that an item says, apart from the start of a call. */
export function itemContent(item: JsonObject): AnswerPart[] {
  switch (item['type']) {
    case 'message':
      return objectsOf(item['content']).flatMap(({ text, refusal }) => textParts(text ?? refusal));
    case 'reasoning':
      return [...thinkingOf(item), ...signatureOf(item)];
    case 'function_call':
      return inputParts(item['arguments']);
    case 'custom_tool_call':
      return inputParts(item['input']);
    default:
      // Calls of tools that the service itself has, and whatever is added later.
      return [];
  }
}

/** The part that stands in no delta: the proof of what was thought. */
export function signatureOf(item: JsonObject): AnswerPart[] {
  const signature = textOf(item['encrypted_content']);
  return item['type'] !== 'reasoning' || signature === undefined ? [] : [{ type: 'signature', signature }];
}

/** The summary; where a service shows the reasoning itself, as those of open models do, that. */
function thinkingOf(item: JsonObject): AnswerPart[] {
  const summary = objectsOf(item['summary']).flatMap(({ text }) => thinkingParts(text));
  return summary.length > 0 ? summary : objectsOf(item['content']).flatMap(({ text }) => thinkingParts(text));
}

export function textParts(value: unknown): AnswerPart[] {
  const text = textOf(value);
  return text === undefined ? [] : [{ type: 'text', text }];
}

export function thinkingParts(value: unknown): AnswerPart[] {
  const text = textOf(value);
  return text === undefined ? [] : [{ type: 'thinking', text }];
}

/** The input of a call as text; some services send the value itself. */
export function inputParts(value: unknown): AnswerPart[] {
  const json = isObject(value) ? JSON.stringify(value) : textOf(value);
  return json === undefined ? [] : [{ type: 'toolInput', json }];
}

/** Whether the model declines in this item. */
function isRefusal(item: JsonObject): boolean {
  return item['type'] === 'message' && objectsOf(item['content']).some(({ type }) => type === 'refusal');
}

/** The protocol has no word for why a complete answer ended: its items say it. */
export function stopOfItems(items: readonly JsonObject[]): StopReason {
  if (items.some(isRefusal)) return 'refused';
  return items.some((item) => callStart(item).length > 0) ? 'toolCalls' : 'complete';
}
