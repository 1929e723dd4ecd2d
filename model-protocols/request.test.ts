import { describe, expect, it } from 'vitest';
import { readMessagesRequest } from './anthropic/request.ts';
import { InvalidRequestError } from './invalid-request.ts';
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
              content: [{ type: 'text', text: '42' }],
              is_error: true,
            },
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
        { role: 'user', text: 'go', toolCalls: [], toolResults: [] },
        { role: 'assistant', text: '', toolCalls: [{ id: 't', name: 'Read' }], toolResults: [] },
        { role: 'user', text: 'and?', toolCalls: [], toolResults: [{ id: 't', text: '42', isError: true }] },
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
        { role: 'user', content: [{ type: 'text', text: 'go' }, { type: 'image_url' }] },
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
        { role: 'user', text: 'go', toolCalls: [] },
        { role: 'assistant', text: '', toolCalls: [{ id: 'c', name: 'read' }] },
        { role: 'tool', text: '42', toolCalls: [], toolCallId: 'c' },
      ],
    });
  });
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
