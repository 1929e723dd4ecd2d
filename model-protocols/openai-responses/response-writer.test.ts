import { expect, it } from 'vitest';
import type { AnswerPart } from '../answer.ts';
import { createResponseWriter } from './response-writer.ts';

it('writes a stream as the service would', () => {
  const parts: AnswerPart[] = [
    { type: 'start', id: 'r', model: 'm' },
    { type: 'thinking', text: 'hm' },
    { type: 'signature', signature: 's' },
    { type: 'text', text: 'a' },
    { type: 'toolCall', id: 'x', name: 'f', namespace: 'n' },
    { type: 'toolInput', json: '{}' },
    { type: 'toolCall', id: 'y', name: 'g', isFreeText: true },
    { type: 'toolInput', json: 'go' },
    { type: 'usage', usage: { inputTokens: 1, outputTokens: 2, cacheReadTokens: 3 } },
    { type: 'stop', reason: 'toolCalls' },
    { type: 'end' },
  ];
  const writer = createResponseWriter();
  const events = parts.flatMap((part) => writer.write(part));
  const values = events.map(({ data }) => JSON.parse(data) as { type: string; sequence_number: number });
  expect(values.map(({ type }) => type)).toEqual(events.map(({ event }) => event));
  expect(values.map((value) => value.sequence_number)).toEqual(values.map((_, index) => index));
  expect(events.map(({ event }) => event?.replace('response.', ''))).toEqual([
    ...['created', 'in_progress'],
    ...['output_item.added', 'reasoning_summary_part.added', 'reasoning_summary_text.delta'],
    ...['reasoning_summary_text.done', 'reasoning_summary_part.done', 'output_item.done'],
    ...['output_item.added', 'content_part.added', 'output_text.delta'],
    ...['output_text.done', 'content_part.done', 'output_item.done'],
    ...['output_item.added', 'function_call_arguments.delta'],
    ...['function_call_arguments.done', 'output_item.done'],
    ...['output_item.added', 'custom_tool_call_input.delta'],
    ...['custom_tool_call_input.done', 'output_item.done'],
    'completed',
  ]);
  const completed = { status: 'completed' };
  expect(values.at(-1)).toMatchObject({
    response: {
      id: 'r',
      model: 'm',
      status: 'completed',
      output: [
        { type: 'reasoning', summary: [{ type: 'summary_text', text: 'hm' }], encrypted_content: 's' },
        { type: 'message', ...completed, content: [{ type: 'output_text', text: 'a' }] },
        { type: 'function_call', ...completed, call_id: 'x', name: 'f', namespace: 'n', arguments: '{}' },
        { type: 'custom_tool_call', ...completed, call_id: 'y', name: 'g', input: 'go' },
      ],
      usage: {
        input_tokens: 4,
        input_tokens_details: { cached_tokens: 3 },
        output_tokens: 2,
        total_tokens: 6,
      },
    },
  });
});

it.each([
  { reason: 'length' as const, type: 'response.incomplete', details: { reason: 'max_output_tokens' } },
  { reason: 'refused' as const, type: 'response.incomplete', details: { reason: 'content_filter' } },
  { reason: 'paused' as const, type: 'response.completed', details: null },
])('an answer that ends with $reason is $type', ({ reason, type, details }) => {
  const writer = createResponseWriter();
  writer.write({ type: 'stop', reason });
  const [last] = writer.write({ type: 'end' });
  expect(JSON.parse(last?.data ?? '')).toMatchObject({ type, response: { incomplete_details: details } });
});
