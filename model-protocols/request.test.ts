import { describe, expect, it } from 'vitest';
import { readMessagesRequest } from './anthropic/request.ts';
import { InvalidRequestError } from './invalid-request.ts';
import { readResponsesRequest } from './openai-responses/request.ts';
import { readEmbeddingsRequest } from './openai/embeddings.ts';
import { readCompletionRequest } from './openai/request.ts';

describe('readMessagesRequest', () => {
  it('reads texts, calls and results of all forms', () => {
    const view = readMessagesRequest({
      model: 'm',
      stream: true,
      system: [
        { type: 'text', text: 'You help.', cache_control: {} },
        { type: 'text', text: 'Be kind.' },
      ],
      tools: [{ name: 'Read' }, 'nonsense'],
      messages: [
        { role: 'user', content: 'go' },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm' },
            { type: 'tool_use', id: 't', name: 'Read', input: {} },
          ],
        },
        { role: 'system', content: 'Now be brief.' },
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: 't',
              content: [
                { type: 'text', text: '42' },
                { type: 'image', source: { type: 'url', url: 'http://h/a.png' } },
              ],
              is_error: true,
            },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aGk=' } },
            { type: 'image', source: {} },
            { type: 'text', text: 'and?' },
          ],
        },
      ],
    });
    expect(view).toEqual({
      model: 'm',
      stream: true,
      system: ['You help.\nBe kind.', 'Now be brief.'],
      tools: ['Read'],
      turns: [
        { role: 'user', text: 'go', images: [], toolCalls: [], toolResults: [] },
        { role: 'assistant', text: '', images: [], toolCalls: [{ id: 't', name: 'Read' }], toolResults: [] },
        {
          role: 'user',
          text: 'and?',
          images: ['data:image/png;base64,aGk=', 'http://h/a.png'],
          toolCalls: [],
          toolResults: [{ id: 't', text: '42', isError: true }],
        },
      ],
    });
  });
});

describe('readCompletionRequest', () => {
  it('reads texts, calls and results of all forms', () => {
    const view = readCompletionRequest({
      tools: [{ type: 'function', function: { name: 'read' } }],
      messages: [
        { role: 'system', content: 'You help.' },
        { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'go' },
            { type: 'image_url' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,aGk=' } },
          ],
        },
        { role: 'assistant', content: null, tool_calls: [{ id: 'c', function: { name: 'read' } }] },
        { role: 'tool', tool_call_id: 'c', content: '42' },
      ],
    });
    expect(view).toEqual({
      model: '',
      stream: false,
      system: ['You help.', 'Be kind.'],
      tools: ['read'],
      turns: [
        { role: 'user', text: 'go', images: ['data:image/png;base64,aGk='], toolCalls: [] },
        { role: 'assistant', text: '', images: [], toolCalls: [{ id: 'c', name: 'read' }] },
        { role: 'tool', text: '42', images: [], toolCalls: [], toolCallId: 'c' },
      ],
    });
  });
});

describe('readResponsesRequest', () => {
  it('reads texts, calls and results of all forms', () => {
    const view = readResponsesRequest({
      model: 'm',
      stream: true,
      instructions: 'You help.',
      tools: [
        { type: 'function', name: 'exec' },
        { type: 'custom', name: 'apply_patch' },
        { type: 'namespace', name: 'agents', tools: [{ type: 'function', name: 'spawn' }] },
        { type: 'web_search' },
      ],
      input: [
        { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'Be kind.' }] },
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'go' },
            { type: 'input_image', image_url: 'data:image/png;base64,aGk=' },
            { type: 'input_image', file_id: 'f1' },
          ],
        },
        { type: 'reasoning', summary: [], encrypted_content: 'x' },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'I look.' }] },
        { type: 'function_call', call_id: 'c1', name: 'exec', arguments: '{}' },
        { type: 'function_call', call_id: 'c3', name: 'spawn', namespace: 'agents', arguments: '{}' },
        { type: 'custom_tool_call', call_id: 'c2', name: 'apply_patch', input: '*** Begin' },
        { type: 'function_call_output', call_id: 'c1', output: '42' },
        {
          type: 'custom_tool_call_output',
          call_id: 'c2',
          output: [
            { type: 'input_text', text: 'done' },
            { type: 'input_image', image_url: 'http://h/a.png' },
          ],
        },
      ],
    });
    expect(view).toEqual({
      model: 'm',
      stream: true,
      system: ['You help.', 'Be kind.'],
      tools: ['exec', 'apply_patch', 'agents__spawn', 'web_search'],
      namespaces: ['agents'],
      turns: [
        { role: 'user', text: 'go', images: ['data:image/png;base64,aGk=', 'file:f1'], toolCalls: [] },
        {
          role: 'assistant',
          text: 'I look.',
          images: [],
          toolCalls: [
            { id: 'c1', name: 'exec' },
            { id: 'c3', name: 'agents__spawn' },
            { id: 'c2', name: 'apply_patch' },
          ],
        },
        { role: 'tool', text: '42', images: [], toolCalls: [], toolCallId: 'c1' },
        { role: 'tool', text: 'done', images: ['http://h/a.png'], toolCalls: [], toolCallId: 'c2' },
      ],
    });
  });

  it('a text is what the user said', () => {
    const turn = { role: 'user', text: 'go', images: [], toolCalls: [] };
    expect(readResponsesRequest({ input: 'go' }).turns).toEqual([turn]);
  });

  it.each([{}, { input: '' }, { input: [] }, { input: 7 }, { input: ['go'] }])(
    '%j is an invalid request',
    (body) => {
      expect(() => readResponsesRequest(body)).toThrow(InvalidRequestError);
    },
  );
});

describe('readEmbeddingsRequest', () => {
  it.each<[string, object, string[]]>([
    ['a text', { input: 'a' }, ['a']],
    ['texts', { input: ['a', 'b'] }, ['a', 'b']],
    ['tokens', { input: [1, 2] }, ['1 2']],
    ['lists of tokens', { input: [[1, 2], [3]] }, ['1 2', '3']],
  ])('reads %s', (_, body, inputs) => {
    expect(readEmbeddingsRequest({ model: 'm', ...body })).toEqual({ model: 'm', inputs, isBase64: false });
  });

  it('reads what is asked of the vectors', () => {
    const view = readEmbeddingsRequest({ input: 'a', dimensions: 8, encoding_format: 'base64' });
    expect(view).toEqual({ model: '', inputs: ['a'], dimensions: 8, isBase64: true });
  });

  it.each([{}, { input: '' }, { input: [] }, { input: [{}] }, { input: 'a', dimensions: 0 }])(
    '%j is an invalid request',
    (body) => {
      expect(() => readEmbeddingsRequest(body)).toThrow(InvalidRequestError);
    },
  );
});

it.each([
  { reason: 'no messages', body: {} },
  { reason: 'an empty list', body: { messages: [] } },
  { reason: 'no list', body: { messages: 'go' } },
  { reason: 'a message that is none', body: { messages: ['go'] } },
])('$reason is an invalid request of both', ({ body }) => {
  expect(() => readMessagesRequest(body)).toThrow(InvalidRequestError);
  expect(() => readCompletionRequest(body)).toThrow(InvalidRequestError);
});
