import type { AnswerPart } from '../answer.ts';
import { isObject, objectOf, objectsOf, textOf } from '../json-value.ts';
import type { JsonObject } from '../json-value.ts';

type Content = Extract<AnswerPart, { type: 'text' | 'thinking' }>;

/** The words of a delta or a message. */
export function contentParts(message: JsonObject): Content[] {
  return [
    // DeepSeek's field, and that of OpenRouter and Groq; a service that sends both sends the same in both.
    ...thinkingParts(message['reasoning_content'] ?? message['reasoning']),
    ...textParts(message['content']),
    // The model's words when it declines, in place of content.
    ...textParts(message['refusal']),
  ];
}

/** A text, or a list of parts as Mistral's reasoning models have it. */
function textParts(content: unknown): Content[] {
  const text = textOf(content);
  if (text !== undefined) return [{ type: 'text', text }];
  return objectsOf(content).flatMap((part): Content[] => {
    if (part['type'] === 'thinking') return thinkingParts(part['thinking']);
    const text = textOf(part['text']);
    return text === undefined ? [] : [{ type: 'text', text }];
  });
}

function thinkingParts(thinking: unknown): Content[] {
  const whole = textOf(thinking);
  const texts = whole === undefined ? objectsOf(thinking).map((part) => textOf(part['text'])) : [whole];
  return texts.flatMap((text): Content[] => (text === undefined ? [] : [{ type: 'thinking', text }]));
}

/** The first choice. Others come when several answers were asked for, which nothing here does. */
export function firstChoice(body: JsonObject): JsonObject {
  return objectsOf(body['choices']).find(({ index }) => index === undefined || index === 0) ?? {};
}

/** The arguments of a call as a JSON text; some services send the value itself. */
export function argumentsOf(call: JsonObject): string | undefined {
  const { arguments: value } = objectOf(call['function']);
  return isObject(value) ? JSON.stringify(value) : textOf(value);
}

export function functionName(call: JsonObject): string | undefined {
  return textOf(objectOf(call['function'])['name']);
}
