import { describe, expect, it } from 'vitest';
import type { AnswerPart } from '../answer.ts';
import { createResponseReader, readResponse } from './response-reader.ts';

/** Parts of a stream of these events. */
function read(...events: (object | string | null)[]): AnswerPart[] {
  const reader = createResponseReader();
  const data = events.map((event) => (typeof event === 'string' ? event : JSON.stringify(event)));
  return [...data.flatMap((text) => reader.read(text)), ...reader.finish()];
}

const added = (item: object, index = 0) => ({
  type: 'response.output_item.added',
  output_index: index,
  item,
});
const done = (item: object, index = 0) => ({ type: 'response.output_item.done', output_index: index, item });
const delta = (kind: string, text: string, index = 0) => ({
  type: `response.${kind}.delta`,
  output_index: index,
  delta: text,
});
const completed = (response: object = {}) => ({
  type: 'response.completed',
  response: { status: 'completed', ...response },
});
const message = (text: string) => ({ type: 'message', content: [{ type: 'output_text', text }] });
const text = (value: string): AnswerPart => ({ type: 'text', text: value });
const thinking = (value: string): AnswerPart => ({ type: 'thinking', text: value });
const call = (id: string): AnswerPart[] => [
  { type: 'toolCall', id, name: 'f' },
  { type: 'toolInput', json: '{}' },
];
const callItem = (id: string) => ({ type: 'function_call', call_id: id, name: 'f', arguments: '{}' });
const START: AnswerPart = { type: 'start', id: '', model: '' };
const stop = (reason: 'complete' | 'toolCalls' | 'refused' | 'length'): AnswerPart[] => [
  { type: 'stop', reason },
  { type: 'end' },
];

describe('createResponseReader', () => {
  it('begins with the id and the model, once', () => {
    const response = { id: 'r', model: 'm', status: 'in_progress' };
    const events = [
      { type: 'response.created', response },
      { type: 'response.in_progress', response },
    ];
    expect(read(...events)).toEqual([{ type: 'start', id: 'r', model: 'm' }]);
  });

  it.each<[string, (object | string | null)[], AnswerPart[]]>([
    [
      'a text in pieces, which the items repeat',
      [
        added({ type: 'message' }),
        delta('output_text', 'a'),
        delta('output_text', 'b'),
        { type: 'response.output_text.done', output_index: 0, text: 'ab' },
        done(message('ab')),
        completed({ output: [message('ab')] }),
      ],
      [text('a'), text('b'), START, ...stop('complete')],
    ],
    ['an item that comes whole', [done(message('a')), completed()], [text('a'), START, ...stop('complete')]],
    [
      'an answer that is told at its end only',
      [completed({ output: [message('a'), callItem('c')] })],
      [START, text('a'), ...call('c'), ...stop('toolCalls')],
    ],
    [
      'two calls at once: the second comes whole',
      [
        added(callItem('c1')),
        added({ ...callItem('c2'), arguments: '' }, 1),
        delta('function_call_arguments', '{', 1),
        delta('function_call_arguments', '{}'),
        delta('function_call_arguments', '}', 1),
        done(callItem('c1')),
        done(callItem('c2'), 1),
        completed(),
      ],
      [...call('c1'), ...call('c2'), START, ...stop('toolCalls')],
    ],
    [
      'a call of a tool in a namespace',
      [done({ ...callItem('c'), namespace: 'n' })],
      [
        { type: 'toolCall', id: 'c', name: 'f', namespace: 'n' },
        { type: 'toolInput', json: '{}' },
      ],
    ],
    [
      'a summary of what was thought, and its proof',
      [
        added({ type: 'reasoning' }),
        delta('reasoning_summary_text', 'hm'),
        done({ type: 'reasoning', summary: [{ text: 'hm' }], encrypted_content: 's' }),
      ],
      [thinking('hm'), { type: 'signature', signature: 's' }],
    ],
    [
      'the reasoning of an open model',
      [added({ type: 'reasoning' }), delta('reasoning_text', 'hm')],
      [thinking('hm')],
    ],
    [
      'a refusal',
      [
        added({ type: 'message' }),
        delta('refusal', 'I will not'),
        done({ type: 'message', content: [{ type: 'refusal', refusal: 'I will not' }] }),
        completed(),
      ],
      [text('I will not'), START, ...stop('refused')],
    ],
    [
      'an answer that a limit cut off',
      [
        {
          type: 'response.incomplete',
          response: { incomplete_details: { reason: 'max_output_tokens' }, usage: { output_tokens: 3 } },
        },
      ],
      [START, { type: 'usage', usage: { outputTokens: 3 } }, ...stop('length')],
    ],
    [
      'an answer that a filter cut off',
      [{ type: 'response.incomplete', response: { incomplete_details: { reason: 'content_filter' } } }],
      [START, ...stop('refused')],
    ],
    [
      'an answer that failed',
      [
        {
          type: 'response.failed',
          response: { error: { code: 'rate_limit_exceeded', message: 'slower, please' } },
        },
      ],
      [START, { type: 'failure', failure: { kind: 'rateLimited', message: 'slower, please' } }],
    ],
    [
      'an error',
      [{ type: 'error', code: 'server_is_overloaded', message: 'busy', param: null }],
      [{ type: 'failure', failure: { kind: 'overloaded', message: 'busy' } }],
    ],
    [
      'an error in the older form',
      [{ type: 'error', error: { code: 'invalid_prompt', message: 'no', param: 'input' } }],
      [{ type: 'failure', failure: { kind: 'invalid', message: 'no', parameter: 'input' } }],
    ],
    ['no JSON', ['{'], [{ type: 'failure', failure: { kind: 'malformed', message: expect.any(String) } }]],
    [
      'what says nothing',
      [null, '', '[DONE]', { type: 'response.web_search_call.searching' }, { delta: 'a' }],
      [],
    ],
    ['an answer that breaks off', [added({ type: 'message' }), delta('output_text', 'a')], [text('a')]],
  ])('reads %s', (_, events, want) => expect(read(...events)).toEqual(want));
});

describe('readResponse', () => {
  it.each<[string, unknown, AnswerPart[]]>([
    [
      'an answer',
      { object: 'response', id: 'r', model: 'm', status: 'completed', output: [message('a')] },
      [{ type: 'start', id: 'r', model: 'm' }, text('a'), ...stop('complete')],
    ],
    [
      'an error in place of one',
      { error: { message: 'no', code: 'insufficient_quota' } },
      [{ type: 'failure', failure: { kind: 'quota', message: 'no' } }],
    ],
    ['nothing', null, [START, ...stop('complete')]],
  ])('reads %s', (_, body, want) => expect(readResponse(body)).toEqual(want));
});
