import { describe, expect, it } from 'vitest';
import type { AnswerPart } from '../answer.ts';
import { createCompletionReader, readCompletion } from './completion-reader.ts';

/** Parts of a stream of these events, without its start, which every stream has. */
function read(...events: (object | string | null)[]): AnswerPart[] {
  const reader = createCompletionReader();
  const data = events.map((event) => (typeof event === 'string' ? event : JSON.stringify(event)));
  const parts = [...data.flatMap((text) => reader.read(text)), ...reader.finish()];
  return parts.filter(({ type }) => type !== 'start');
}

const chunk = (delta: object, finish: string | null = null) => ({
  choices: [{ index: 0, delta, finish_reason: finish }],
});
const text = (value: string): AnswerPart => ({ type: 'text', text: value });
const thinking = (value: string): AnswerPart => ({ type: 'thinking', text: value });
const call = (index: number | undefined, more: object) =>
  chunk({ tool_calls: [{ ...(index === undefined ? {} : { index }), ...more }] });
const STOP: AnswerPart = { type: 'stop', reason: 'complete' };
const END: AnswerPart = { type: 'end' };

describe('createCompletionReader', () => {
  it('begins with the id and the model of the first chunk, once', () => {
    const reader = createCompletionReader();
    const first = JSON.stringify({ id: 'c1', model: 'm', choices: [] });
    expect(reader.read(first)).toEqual([{ type: 'start', id: 'c1', model: 'm' }]);
    expect(reader.read(first)).toEqual([]);
  });

  it.each<[string, (object | string | null)[], AnswerPart[]]>([
    [
      'a stream as OpenAI sends it',
      [
        chunk({ role: 'assistant', content: '' }),
        chunk({ content: 'a' }),
        chunk({}, 'stop'),
        { choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } },
        '[DONE]',
      ],
      [text('a'), STOP, { type: 'usage', usage: { inputTokens: 3, outputTokens: 2 } }, END, END],
    ],
    ['no [DONE] after the reason', [chunk({ content: 'a' }, 'stop')], [text('a'), STOP, END]],
    ['neither a reason nor [DONE]', [chunk({ content: 'a' })], [text('a')]],
    ['an error that is null', [{ ...chunk({ content: 'a' }, 'stop'), error: null }], [text('a'), STOP, END]],
    ['the event null, a number, a list', [null, '1', '[]', chunk({ content: 'a' })], [text('a')]],
    ['an event without data', ['', chunk({ content: 'a' })], [text('a')]],
    ['usage that is null', [{ ...chunk({ content: 'a' }), usage: null }], [text('a')]],
    ['null in every field', [chunk({ content: null, reasoning_content: null, tool_calls: null })], []],
    ['choices that are null', [{ choices: null }], []],
    [
      'content as a list of parts, as Mistral sends it',
      [
        chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }] }),
        chunk({ content: [{ type: 'text', text: 'a' }] }),
      ],
      [thinking('hm'), text('a')],
    ],
    ['reasoning_content, as DeepSeek sends it', [chunk({ reasoning_content: 'hm' })], [thinking('hm')]],
    ['reasoning, as OpenRouter sends it', [chunk({ reasoning: 'hm', content: '' })], [thinking('hm')]],
    ['both, which are the same', [chunk({ reasoning: 'hm', reasoning_content: 'hm' })], [thinking('hm')]],
    ['a refusal, in its own field', [chunk({ refusal: 'I will not' })], [text('I will not')]],
    [
      'a refusal that ends as if all were said',
      [chunk({ refusal: 'I will not' }), chunk({}, 'stop')],
      [text('I will not'), { type: 'stop', reason: 'refused' }, END],
    ],
    ['a message in place of a delta', [{ choices: [{ message: { content: 'a' } }] }], [text('a')]],
    [
      'a second choice, which nobody asked for',
      [
        {
          choices: [
            { index: 1, delta: { content: 'b' } },
            { index: 0, delta: { content: 'a' } },
          ],
        },
      ],
      [text('a')],
    ],
    [
      'a tool call',
      [
        call(0, { id: 'c', function: { name: 'f', arguments: '' } }),
        call(0, { function: { arguments: '{"a":' } }),
        call(0, { function: { arguments: '1}' } }),
      ],
      [
        { type: 'toolCall', id: 'c', name: 'f' },
        { type: 'toolInput', json: '{"a":' },
        { type: 'toolInput', json: '1}' },
      ],
    ],
    [
      'tool calls whose id and name are repeated',
      [
        call(0, { id: 'c', function: { name: 'f', arguments: '{' } }),
        call(0, { id: 'c', function: { name: 'f', arguments: '}' } }),
      ],
      [
        { type: 'toolCall', id: 'c', name: 'f' },
        { type: 'toolInput', json: '{' },
        { type: 'toolInput', json: '}' },
      ],
    ],
    [
      'tool calls that all have the number 0, or none',
      [
        call(0, { id: 'c', function: { name: 'f', arguments: '{}' } }),
        call(0, { id: 'd', function: { name: 'g', arguments: '{}' } }),
        call(undefined, { id: 'e', function: { name: 'h', arguments: '{}' } }),
      ],
      [
        { type: 'toolCall', id: 'c', name: 'f' },
        { type: 'toolInput', json: '{}' },
        { type: 'toolCall', id: 'd', name: 'g' },
        { type: 'toolInput', json: '{}' },
        { type: 'toolCall', id: 'e', name: 'h' },
        { type: 'toolInput', json: '{}' },
      ],
    ],
    [
      'arguments that are a value, not a text',
      [call(0, { id: 'c', function: { name: 'f', arguments: { a: 1 } } })],
      [
        { type: 'toolCall', id: 'c', name: 'f' },
        { type: 'toolInput', json: '{"a":1}' },
      ],
    ],
  ])('reads %s', (_, events, want) => expect(read(...events)).toEqual(want));

  it.each<[string, object | string, AnswerPart[]]>([
    ['not JSON', '{"choices"', [{ type: 'failure', failure: malformed() }]],
    ['an error object', { error: { message: 'busy', code: 429 } }, [failure('rateLimited', 'busy')]],
    ['an error text', { error: 'model overloaded' }, [failure('failed', 'model overloaded')]],
    ['an error without words', { error: {} }, [{ type: 'failure', failure: { kind: 'failed' } }]],
    [
      'the reason error, with the words beside it',
      { ...chunk({ content: 'a' }, 'error'), error: { message: 'gone', code: 502 } },
      [text('a'), failure('failed', 'gone')],
    ],
    [
      'the reason error, with the words in the choice',
      { choices: [{ delta: {}, finish_reason: 'error', error: { message: 'gone' } }] },
      [failure('failed', 'gone')],
    ],
    ['the reason error alone', chunk({}, 'error'), [failure('failed', 'it ended the answer with an error')]],
    [
      'an object that is an error, as vLLM sends it',
      { object: 'error', message: 'bad', type: 'BadRequestError', code: 400 },
      [failure('invalid', 'bad')],
    ],
  ])('fails for %s', (_, event, want) => expect(read(event)).toEqual(want));

  it.each([
    ['stop', 'complete'],
    ['length', 'length'],
    ['tool_calls', 'toolCalls'],
    ['function_call', 'toolCalls'],
    ['content_filter', 'refused'],
    ['eos', 'complete'],
    ['MAX_TOKENS', 'length'],
  ])('takes the reason %s for %s', (reason, want) => {
    expect(read(chunk({}, reason))).toEqual([{ type: 'stop', reason: want }, END]);
  });
});

describe('readCompletion', () => {
  it.each<[string, unknown, AnswerPart[]]>([
    [
      'an answer in one piece',
      {
        id: 'c1',
        model: 'm',
        choices: [
          {
            message: {
              content: 'a',
              reasoning: 'hm',
              tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
            },
            finish_reason: 'tool_calls',
          },
        ],
        usage: { prompt_tokens: 1, completion_tokens: 2 },
      },
      [
        { type: 'start', id: 'c1', model: 'm' },
        thinking('hm'),
        text('a'),
        { type: 'toolCall', id: 'c', name: 'f' },
        { type: 'toolInput', json: '{}' },
        { type: 'usage', usage: { inputTokens: 1, outputTokens: 2 } },
        { type: 'stop', reason: 'toolCalls' },
        END,
      ],
    ],
    ['an error with status 200', { error: { message: 'no' } }, [failure('failed', 'no')]],
    ['null', null, [{ type: 'start', id: '', model: '' }, END]],
  ])('reads %s', (_, body, want) => expect(readCompletion(body)).toEqual(want));
});

function failure(kind: 'failed' | 'rateLimited' | 'invalid', message: string): AnswerPart {
  return { type: 'failure', failure: { kind, message } };
}

function malformed() {
  return { kind: 'malformed' as const, message: 'it sent an event that is not JSON' };
}
