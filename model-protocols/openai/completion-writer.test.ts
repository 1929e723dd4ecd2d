import { expect, it } from 'vitest';
import type { AnswerPart } from '../answer.ts';
import { createCompletionWriter } from './completion-writer.ts';

const head = { id: 'c1', object: 'chat.completion.chunk', created: 0, model: 'm' };
const delta = (delta: object, finish: string | null = null) => ({
  ...head,
  choices: [{ index: 0, delta, finish_reason: finish }],
});

it('writes a stream as the service would', () => {
  const parts: AnswerPart[] = [
    { type: 'start', id: 'c1', model: 'm' },
    { type: 'thinking', text: 'hm' },
    { type: 'signature', signature: 's' },
    { type: 'text', text: 'a' },
    { type: 'toolCall', id: 'x', name: 'f' },
    { type: 'toolInput', json: '{}' },
    { type: 'toolCall', id: 'y', name: 'g' },
    { type: 'stop', reason: 'toolCalls' },
    { type: 'usage', usage: { inputTokens: 1, outputTokens: 2, cacheReadTokens: 3 } },
    { type: 'end' },
  ];
  const writer = createCompletionWriter();
  const events = parts.flatMap((part) => writer.write(part));
  expect(events.at(-1)).toEqual({ data: '[DONE]' });
  expect(events.slice(0, -1).map(({ data }) => JSON.parse(data) as unknown)).toEqual([
    delta({ role: 'assistant', content: '' }),
    delta({ reasoning_content: 'hm' }),
    delta({ content: 'a' }),
    delta({ tool_calls: [{ index: 0, id: 'x', type: 'function', function: { name: 'f', arguments: '' } }] }),
    delta({ tool_calls: [{ index: 0, function: { arguments: '{}' } }] }),
    delta({ tool_calls: [{ index: 1, id: 'y', type: 'function', function: { name: 'g', arguments: '' } }] }),
    delta({}, 'tool_calls'),
    {
      ...head,
      choices: [],
      usage: {
        prompt_tokens: 4,
        completion_tokens: 2,
        total_tokens: 6,
        prompt_tokens_details: { cached_tokens: 3 },
      },
    },
  ]);
});
