import { describe, expect, it } from 'vitest';
import type { AnswerPart } from '../answer.ts';
import { createMessageReader, readMessage } from './message-reader.ts';

function read(...events: (object | string | null)[]): AnswerPart[] {
  const reader = createMessageReader();
  const data = events.map((event) => (typeof event === 'string' ? event : JSON.stringify(event)));
  return [...data.flatMap((text) => reader.read(text)), ...reader.finish()];
}

const delta = (delta: object, index = 0) => ({ type: 'content_block_delta', index, delta });
const text = (value: string): AnswerPart => ({ type: 'text', text: value });
const failure = (kind: 'overloaded' | 'failed' | 'malformed', message: string): AnswerPart => ({
  type: 'failure',
  failure: { kind, message },
});
const END: AnswerPart = { type: 'end' };

describe('createMessageReader', () => {
  it.each<[string, (object | string | null)[], AnswerPart[]]>([
    [
      'a stream as the service sends it',
      [
        {
          type: 'message_start',
          message: { id: 'm1', model: 'm', usage: { input_tokens: 3, cache_read_input_tokens: 7 } },
        },
        { type: 'ping' },
        { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } },
        delta({ type: 'thinking_delta', thinking: 'hm' }),
        delta({ type: 'signature_delta', signature: 's' }),
        { type: 'content_block_stop', index: 0 },
        { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
        delta({ type: 'text_delta', text: 'a' }, 1),
        { type: 'content_block_stop', index: 1 },
        {
          type: 'content_block_start',
          index: 2,
          content_block: { type: 'tool_use', id: 't', name: 'f', input: {} },
        },
        delta({ type: 'input_json_delta', partial_json: '{}' }, 2),
        { type: 'content_block_stop', index: 2 },
        { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 9 } },
        { type: 'message_stop' },
      ],
      [
        { type: 'start', id: 'm1', model: 'm', usage: { inputTokens: 3, cacheReadTokens: 7 } },
        { type: 'thinking', text: 'hm' },
        { type: 'signature', signature: 's' },
        text('a'),
        { type: 'toolCall', id: 't', name: 'f' },
        { type: 'toolInput', json: '{}' },
        { type: 'usage', usage: { outputTokens: 9 } },
        { type: 'stop', reason: 'toolCalls' },
        END,
        END,
      ],
    ],
    ['the event null, a number, a list', [null, '1', '[]'], []],
    ['an event without data', [''], []],
    ['an event that is not known yet', [{ type: 'weather', delta: { text: 'rain' } }], []],
    ['usage that is null', [{ type: 'message_delta', delta: {}, usage: null }], []],
    [
      'counts that are null',
      [{ type: 'message_delta', delta: {}, usage: { input_tokens: null, output_tokens: 2 } }],
      [{ type: 'usage', usage: { outputTokens: 2 } }],
    ],
    [
      'a message_start without a message',
      [{ type: 'message_start' }],
      [{ type: 'start', id: '', model: '' }],
    ],
    ['a delta without its type', [delta({ text: 'a' })], [text('a')]],
    [
      'a block that begins with its text',
      [{ type: 'content_block_start', content_block: { type: 'text', text: 'a' } }],
      [text('a')],
    ],
    [
      'no message_stop after the reason',
      [{ type: 'message_delta', delta: { stop_reason: 'end_turn' } }],
      [{ type: 'stop', reason: 'complete' }, END],
    ],
    ['neither', [delta({ text: 'a' })], [text('a')]],
    [
      'an error within the stream',
      [{ type: 'error', error: { type: 'overloaded_error', message: 'busy' } }],
      [failure('overloaded', 'busy')],
    ],
    ['an error that is a text', [{ type: 'error', error: 'busy' }], [failure('failed', 'busy')]],
    ['not JSON', ['{'], [failure('malformed', 'it sent an event that is not JSON')]],
  ])('reads %s', (_, events, want) => expect(read(...events)).toEqual(want));

  it.each([
    ['end_turn', 'complete'],
    ['stop_sequence', 'complete'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['tool_use', 'toolCalls'],
    ['pause_turn', 'paused'],
    ['refusal', 'refused'],
    ['added_later', 'complete'],
  ])('takes the reason %s for %s', (reason, want) => {
    const parts = read({ type: 'message_delta', delta: { stop_reason: reason } });
    expect(parts).toEqual([{ type: 'stop', reason: want }, END]);
  });
});

describe('readMessage', () => {
  it.each<[string, unknown, AnswerPart[]]>([
    [
      'an answer in one piece',
      {
        id: 'm1',
        model: 'm',
        content: [
          { type: 'thinking', thinking: 'hm', signature: 's' },
          { type: 'redacted_thinking', data: 'x' },
          { type: 'text', text: 'a' },
          { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } },
        ],
        stop_reason: 'tool_use',
        usage: { input_tokens: 1, output_tokens: 2 },
      },
      [
        { type: 'start', id: 'm1', model: 'm', usage: { inputTokens: 1, outputTokens: 2 } },
        { type: 'thinking', text: 'hm' },
        { type: 'signature', signature: 's' },
        text('a'),
        { type: 'toolCall', id: 't', name: 'f' },
        { type: 'toolInput', json: '{"a":1}' },
        { type: 'usage', usage: { inputTokens: 1, outputTokens: 2 } },
        { type: 'stop', reason: 'toolCalls' },
        END,
      ],
    ],
    [
      'an error with status 200',
      { type: 'error', error: { type: 'overloaded_error', message: 'busy' } },
      [failure('overloaded', 'busy')],
    ],
    ['null', null, [{ type: 'start', id: '', model: '' }, END]],
  ])('reads %s', (_, body, want) => expect(readMessage(body)).toEqual(want));
});
