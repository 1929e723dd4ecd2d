import { describe, expect, it } from 'vitest';
import { NO_USAGE } from './token-usage.ts';
import { readFacts } from './answer-facts.ts';

const EVENTS = 'text/event-stream; charset=utf-8';

async function* bodyOf(...pieces: (string | Error)[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const piece of pieces) {
    if (piece instanceof Error) throw piece;
    yield Buffer.from(piece);
  }
}

const data = (...values: unknown[]): string =>
  values.map((value) => `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`).join('');

const ANTHROPIC_START = {
  type: 'message_start',
  message: {
    id: 'm',
    model: 'claude-x',
    usage: { input_tokens: 10, cache_read_input_tokens: 3, output_tokens: 1 },
  },
};
const CHUNK = { id: 'c', model: 'gpt-x', choices: [{ delta: { content: 'a' } }] };
const COUNTS = { ...CHUNK, choices: [], usage: { prompt_tokens: 7, completion_tokens: 2 } };

describe('the facts of an answer', () => {
  it.each([
    {
      why: 'a stream of Anthropic, with its last counts',
      target: '/v1/messages?beta=true',
      pieces: [
        data(
          ANTHROPIC_START,
          { type: 'message_delta', usage: { output_tokens: 5 } },
          { type: 'message_stop' },
        ),
      ],
      want: {
        model: 'claude-x',
        usage: { ...NO_USAGE, inputTokens: 10, cacheReadTokens: 3, outputTokens: 5 },
      },
    },
    {
      why: 'one that breaks off: what was counted until then',
      target: '/v1/messages',
      pieces: [data(ANTHROPIC_START), new Error('gone')],
      want: {
        model: 'claude-x',
        usage: { ...NO_USAGE, inputTokens: 10, cacheReadTokens: 3, outputTokens: 1 },
      },
    },
    {
      why: 'a stream of OpenAI',
      target: '/chat/completions',
      pieces: [data(CHUNK, COUNTS, '[DONE]')],
      want: { model: 'gpt-x', usage: { ...NO_USAGE, inputTokens: 7, outputTokens: 2 } },
    },
    {
      why: 'one that a limit of tokens cut off',
      target: '/chat/completions',
      pieces: [data({ ...CHUNK, choices: [{ delta: {}, finish_reason: 'length' }] }, '[DONE]')],
      want: { model: 'gpt-x', stop: 'length' },
    },
    {
      why: 'an answer in one piece',
      target: '/v1/chat/completions',
      contentType: 'application/json',
      pieces: [
        JSON.stringify({ ...COUNTS, choices: [{ message: { content: 'a' }, finish_reason: 'stop' }] }),
      ],
      want: { stop: 'complete', model: 'gpt-x', usage: { ...NO_USAGE, inputTokens: 7, outputTokens: 2 } },
    },
    {
      why: 'a program that has not asked for them',
      target: '/v1/chat/completions',
      pieces: [data(CHUNK, '[DONE]')],
      want: { model: 'gpt-x' },
    },
    { why: 'no answer of a model', target: '/v1/models', pieces: ['{}'], contentType: 'application/json' },
    {
      want: {},
      why: 'a body that is nothing of the kind',
      target: '/v1/messages',
      pieces: ['\u0000\uFFFF{{{'],
    },
    {
      want: {},
      why: 'JSON that is cut off',
      target: '/v1/messages',
      contentType: 'application/json',
      pieces: ['{"usage":'],
    },
    {
      want: {},
      why: 'an event without end',
      target: '/v1/messages',
      pieces: ['data: ', 'x'.repeat(9_000_000)],
    },
  ])('$why', async ({ target, pieces, contentType = EVENTS, want }) => {
    expect(await readFacts({ target, contentType, body: bodyOf(...pieces) })).toEqual(want);
  });
});
