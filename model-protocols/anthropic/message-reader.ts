import type { AnswerPart } from '../answer.ts';
import { readErrorValue } from '../error-body.ts';
import { notJson } from '../failure.ts';
import { isObject, objectOf, objectsOf, parseJson, textOf } from '../json-value.ts';
import type { JsonObject } from '../json-value.ts';
import type { StreamReader } from '../wire-protocol.ts';
import { readStopReason } from './stop-reason.ts';
import { readUsage } from './usage.ts';

/** Reads a stream of MessageEvents, and of what compatible services send in their place. */
export function createMessageReader(): StreamReader {
  let stopped = false;
  return {
    read(data) {
      if (data === '') return [];
      const event = parseJson(data);
      if (event === undefined) return [{ type: 'failure', failure: notJson('an event') }];
      const parts = isObject(event) ? eventParts(event) : [];
      stopped ||= parts.some(({ type }) => type === 'stop');
      return parts;
    },
    // Some gateways end the stream after the stop reason, without message_stop.
    finish: () => (stopped ? [{ type: 'end' }] : []),
  };
}

function eventParts(event: JsonObject): AnswerPart[] {
  switch (event['type']) {
    case 'message_start':
      return [startOf(objectOf(event['message']))];
    case 'content_block_start':
      return blockStart(objectOf(event['content_block']));
    case 'content_block_delta':
      return deltaParts(objectOf(event['delta']));
    case 'message_delta':
      return endParts(objectOf(event['delta'])['stop_reason'], event['usage']);
    case 'message_stop':
      return [{ type: 'end' }];
    case 'error':
      return [{ type: 'failure', failure: readErrorValue(event['error']) }];
    default:
      // `ping`, and events that are added later, as the service's versioning policy allows.
      return [];
  }
}

/** Reads a Message. */
export function readMessage(body: unknown): AnswerPart[] {
  const message = objectOf(body);
  const { error } = message;
  if (message['type'] === 'error' || isObject(error) || textOf(error) !== undefined) {
    return [{ type: 'failure', failure: readErrorValue(error ?? message) }];
  }
  const content = objectsOf(message['content']).flatMap((block) =>
    blockStart(block).concat(wholeInput(block)),
  );
  return [
    startOf(message),
    ...content,
    ...endParts(message['stop_reason'], message['usage']),
    { type: 'end' },
  ];
}

function startOf(message: JsonObject): AnswerPart {
  const usage = readUsage(message['usage']);
  const named = { id: textOf(message['id']) ?? '', model: textOf(message['model']) ?? '' };
  return { type: 'start', ...named, ...(Object.keys(usage).length === 0 ? {} : { usage }) };
}

/** In a stream blocks begin empty, in a whole message they are all there is. */
function blockStart(block: JsonObject): AnswerPart[] {
  if (block['type'] === 'tool_use') {
    return [{ type: 'toolCall', id: textOf(block['id']) ?? '', name: textOf(block['name']) ?? '' }];
  }
  return deltaParts(block);
}

/** Services leave the delta's type out, so that what is there decides. */
function deltaParts(delta: JsonObject): AnswerPart[] {
  const thinking = textOf(delta['thinking']);
  const signature = textOf(delta['signature']);
  const text = textOf(delta['text']);
  const json = textOf(delta['partial_json']);
  return [
    ...(thinking === undefined ? [] : [{ type: 'thinking', text: thinking } as const]),
    ...(signature === undefined ? [] : [{ type: 'signature', signature } as const]),
    ...(text === undefined ? [] : [{ type: 'text', text } as const]),
    ...(json === undefined ? [] : [{ type: 'toolInput', json } as const]),
  ];
}

function wholeInput(block: JsonObject): AnswerPart[] {
  if (block['type'] !== 'tool_use') return [];
  return [{ type: 'toolInput', json: JSON.stringify(objectOf(block['input'])) }];
}

function endParts(stopReason: unknown, wireUsage: unknown): AnswerPart[] {
  const usage = readUsage(wireUsage);
  const reason = readStopReason(stopReason);
  return [
    ...(Object.keys(usage).length === 0 ? [] : [{ type: 'usage', usage } as const]),
    ...(reason === undefined ? [] : [{ type: 'stop', reason } as const]),
  ];
}
