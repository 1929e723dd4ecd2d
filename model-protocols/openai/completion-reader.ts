import type { AnswerPart } from '../answer.ts';
import { readErrorValue } from '../error-body.ts';
import { notJson } from '../failure.ts';
import type { ModelFailure } from '../failure.ts';
import { isObject, objectOf, objectsOf, parseJson, textOf } from '../json-value.ts';
import type { JsonObject } from '../json-value.ts';
import type { StreamReader } from '../wire-protocol.ts';
import { argumentsOf, contentParts, firstChoice, functionName } from './content.ts';
import { FAILED, readFinishReason } from './finish-reason.ts';
import { readUsage } from './usage.ts';

/** The end of a stream, in place of JSON. */
export const DONE = '[DONE]';

/** Reads a stream of CompletionChunks, and of what compatible services send in their place. */
export function createCompletionReader(): StreamReader {
  return new CompletionReader();
}

class CompletionReader implements StreamReader {
  #started = false;
  #stopped = false;
  #refused = false;
  /** The tool call whose pieces come. */
  #call: { number: unknown; id: string | undefined } | undefined;

  read(data: string): AnswerPart[] {
    if (data === '') return [];
    if (data.trim() === DONE) return [{ type: 'end' }];
    const chunk = parseJson(data);
    if (chunk === undefined) return [{ type: 'failure', failure: notJson('an event') }];
    return isObject(chunk) ? this.#chunkParts(chunk) : [];
  }

  /** Some compatible services end the stream after the finish reason, without [DONE]. */
  finish(): AnswerPart[] {
    return this.#stopped ? [{ type: 'end' }] : [];
  }

  #chunkParts(chunk: JsonObject): AnswerPart[] {
    const choice = firstChoice(chunk);
    const failure = failureIn(chunk, choice);
    // Some services send a message where the protocol has a delta.
    const delta = objectOf(choice['delta'] ?? choice['message']);
    const calls = objectsOf(delta['tool_calls']).flatMap((call) => this.#callParts(call));
    const parts = [...this.#start(chunk), ...contentParts(delta), ...calls];
    if (failure !== undefined) return [...parts, { type: 'failure', failure }];
    this.#refused ||= isRefusal(delta);
    const end = endParts(chunk, { choice, isRefused: this.#refused });
    this.#stopped ||= end.some(({ type }) => type === 'stop');
    return [...parts, ...end];
  }

  #start(chunk: JsonObject): AnswerPart[] {
    if (this.#started) return [];
    this.#started = true;
    return [startOf(chunk)];
  }

  /** Services leave out the number or the id of a call, repeat the id, or give all calls the number 0. */
  #callParts(call: JsonObject): AnswerPart[] {
    const id = textOf(call['id']);
    const name = functionName(call);
    const number = call['index'] ?? this.#call?.number;
    const json = argumentsOf(call);
    const input: AnswerPart[] = json === undefined ? [] : [{ type: 'toolInput', json }];
    const isOther = id !== undefined && name !== undefined && id !== this.#call?.id;
    if (this.#call !== undefined && number === this.#call.number && !isOther) return input;
    this.#call = { number, id };
    return [{ type: 'toolCall', id: id ?? '', name: name ?? '' }, ...input];
  }
}

/** Reads a Completion. */
export function readCompletion(body: unknown): AnswerPart[] {
  const completion = objectOf(body);
  const choice = firstChoice(completion);
  const failure = failureIn(completion, choice);
  if (failure !== undefined) return [{ type: 'failure', failure }];
  const message = objectOf(choice['message']);
  const calls = objectsOf(message['tool_calls']).flatMap((call): AnswerPart[] => [
    { type: 'toolCall', id: textOf(call['id']) ?? '', name: functionName(call) ?? '' },
    { type: 'toolInput', json: argumentsOf(call) ?? '' },
  ]);
  const end = endParts(completion, { choice, isRefused: isRefusal(message) });
  return [startOf(completion), ...contentParts(message), ...calls, ...end, { type: 'end' }];
}

function startOf(body: JsonObject): AnswerPart {
  return { type: 'start', id: textOf(body['id']) ?? '', model: textOf(body['model']) ?? '' };
}

/** `error` may be null, a text or an object, at the top or in the choice; a choice may only end with `error`. */
function failureIn(body: JsonObject, choice: JsonObject): ModelFailure | undefined {
  // As vLLM sends it.
  if (body['object'] === 'error') return readErrorValue(body);
  for (const error of [body['error'], choice['error']]) {
    if (isObject(error) || textOf(error) !== undefined) return readErrorValue(error);
  }
  if (choice['finish_reason'] !== FAILED) return undefined;
  return { kind: 'failed', message: 'it ended the answer with an error' };
}

/** The model declines: its words stand in a field of their own, and the answer ends as if all were said. */
function isRefusal(message: JsonObject): boolean {
  return textOf(message['refusal']) !== undefined;
}

function endParts(
  body: JsonObject,
  { choice, isRefused }: { choice: JsonObject; isRefused: boolean },
): AnswerPart[] {
  const usage = readUsage(body['usage']);
  const finish = readFinishReason(choice['finish_reason']);
  const reason = finish !== undefined && isRefused ? 'refused' : finish;
  return [
    ...(Object.keys(usage).length === 0 ? [] : [{ type: 'usage', usage } as const]),
    ...(reason === undefined ? [] : [{ type: 'stop', reason } as const]),
  ];
}
