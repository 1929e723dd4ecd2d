import { describe, expect, it } from 'vitest';
import type { AnswerPart } from '../answer.ts';
import { createMessageWriter, writeMessage } from './message-writer.ts';

const start: AnswerPart = { type: 'start', id: 'm1', model: 'm', usage: { inputTokens: 3, outputTokens: 5 } };
const end: AnswerPart = { type: 'end' };

/** Events in short, such as `start 0 text`; the `event` line says the same as the data. */
function written(...parts: AnswerPart[]): string[] {
  const writer = createMessageWriter();
  return parts.flatMap((part) => writer.write(part)).map(({ event, data }) => shortOf(event, data));
}

function shortOf(name: string | undefined, data: string): string {
  const event = JSON.parse(data) as Record<string, Record<string, unknown>> & {
    type: string;
    index?: number;
  };
  expect(event.type).toBe(name);
  const what =
    event['content_block']?.['type'] ?? event['delta']?.['type'] ?? event['delta']?.['stop_reason'];
  const short = event.type.replace('content_block_', '').replace('message_', 'message-');
  return [short, event.index, what].filter((part) => part !== undefined).join(' ');
}

describe('createMessageWriter', () => {
  it.each<[string, AnswerPart[], string[]]>([
    [
      'opens a block for each kind of content and closes the one before',
      [
        { type: 'thinking', text: 'h' },
        { type: 'thinking', text: 'm' },
        { type: 'text', text: 'a' },
        { type: 'toolCall', id: 't', name: 'f' },
        { type: 'toolInput', json: '{}' },
        { type: 'stop', reason: 'toolCalls' },
      ],
      [
        ...['start 0 thinking', 'delta 0 thinking_delta', 'delta 0 thinking_delta', 'stop 0'],
        ...['start 1 text', 'delta 1 text_delta', 'stop 1'],
        ...['start 2 tool_use', 'delta 2 input_json_delta', 'stop 2'],
        ...['message-delta tool_use', 'message-stop'],
      ],
    ],
    [
      'a signature is the last word of its block',
      [
        { type: 'thinking', text: 'h' },
        { type: 'signature', signature: 's' },
        { type: 'thinking', text: 'm' },
      ],
      [
        ...['start 0 thinking', 'delta 0 thinking_delta', 'delta 0 signature_delta', 'stop 0'],
        ...['start 1 thinking', 'delta 1 thinking_delta', 'stop 1', 'message-delta end_turn', 'message-stop'],
      ],
    ],
    [
      'two tool calls are two blocks, one without input too',
      [
        { type: 'toolCall', id: 't', name: 'f' },
        { type: 'toolCall', id: 'u', name: 'f' },
      ],
      [
        ...['start 0 tool_use', 'stop 0', 'start 1 tool_use', 'stop 1'],
        ...['message-delta end_turn', 'message-stop'],
      ],
    ],
    ['nothing to say', [], ['message-delta end_turn', 'message-stop']],
  ])('%s', (_, parts, want) => {
    expect(written(start, ...parts, end)).toEqual(['message-start', ...want]);
  });

  it('says the usage that is known at the start, and all of it at the end', () => {
    const writer = createMessageWriter();
    const usage = { outputTokens: 9, cacheWriteTokens: 4 };
    const events = [start, { type: 'usage', usage } as const, end].flatMap((part) => writer.write(part));
    const [first, last] = events.map(({ data }) => JSON.parse(data) as Record<string, unknown>);
    const known = { input_tokens: 3, cache_read_input_tokens: 0 };
    expect(first).toMatchObject({
      message: {
        id: 'm1',
        role: 'assistant',
        content: [],
        stop_reason: null,
        usage: { ...known, output_tokens: 1 },
      },
    });
    expect(last).toMatchObject({
      usage: {
        ...known,
        output_tokens: 9,
        cache_creation_input_tokens: 4,
        cache_creation: { ephemeral_5m_input_tokens: 4, ephemeral_1h_input_tokens: 0 },
      },
    });
  });

  it('refuses the input of a call that was not begun', () => {
    expect(() => written(start, { type: 'toolInput', json: '{}' })).toThrow(RangeError);
  });
});

it('writeMessage passes on an object for an input that is not one', () => {
  const usage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };
  const block = { type: 'toolCall', id: 't', name: 'f', input: '{"a":' } as const;
  expect(writeMessage({ id: 'm1', model: 'm', blocks: [block], usage })).toMatchObject({
    content: [{ type: 'tool_use', id: 't', name: 'f', input: {} }],
    stop_reason: 'end_turn',
  });
});
