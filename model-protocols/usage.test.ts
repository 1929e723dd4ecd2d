import { describe, expect, it } from 'vitest';
import { readUsage as readMessagesUsage } from './anthropic/usage.ts';
import {
  readUsage as readResponseUsage,
  writeUsage as writeResponseUsage,
} from './openai-responses/usage.ts';
import { readUsage as readCompletionUsage, writeUsage } from './openai/usage.ts';
import type { TokenUsage } from './token-usage.ts';

describe('usage of Chat Completions', () => {
  it.each<[string, unknown, Partial<TokenUsage>]>([
    ['nothing', null, {}],
    ['no counts of a cache', { prompt_tokens: 9, completion_tokens: 2 }, { inputTokens: 9, outputTokens: 2 }],
    [
      'OpenAI counts what came from its cache as input too',
      { prompt_tokens: 9, prompt_tokens_details: { cached_tokens: 4 } },
      { inputTokens: 5, cacheReadTokens: 4 },
    ],
    [
      'OpenRouter counts what went into the cache beside it',
      { prompt_tokens: 9, prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 3 } },
      { inputTokens: 2, cacheReadTokens: 4, cacheWriteTokens: 3 },
    ],
    [
      'DeepSeek has a field of its own',
      { prompt_tokens: 9, prompt_cache_hit_tokens: 4, prompt_cache_miss_tokens: 5 },
      { inputTokens: 5, cacheReadTokens: 4 },
    ],
    [
      "gateways leave Anthropic's fields where they were",
      { prompt_tokens: 9, cache_read_input_tokens: 4, cache_creation_input_tokens: 3 },
      { inputTokens: 2, cacheReadTokens: 4, cacheWriteTokens: 3 },
    ],
    [
      'a cache larger than the input is a mistake of the service, no negative count',
      { prompt_tokens: 3, prompt_tokens_details: { cached_tokens: 4 } },
      { inputTokens: 0, cacheReadTokens: 4 },
    ],
    ['counts that are none', { prompt_tokens: '9', completion_tokens: -1 }, {}],
  ])('%s', (_, wire, want) => expect(readCompletionUsage(wire)).toEqual(want));

  it('is written as it is read', () => {
    const usage = { inputTokens: 1, outputTokens: 2, cacheReadTokens: 3, cacheWriteTokens: 4 };
    expect(writeUsage(usage)).toMatchObject({ prompt_tokens: 8, total_tokens: 10 });
    expect(readCompletionUsage(writeUsage(usage))).toEqual(usage);
  });
});

it.each<[string, unknown, Partial<TokenUsage>]>([
  ['nothing', undefined, {}],
  [
    'all counts, each counted once',
    { input_tokens: 1, output_tokens: 2, cache_read_input_tokens: 3, cache_creation_input_tokens: 4 },
    { inputTokens: 1, outputTokens: 2, cacheReadTokens: 3, cacheWriteTokens: 4 },
  ],
  ['some', { output_tokens: 0, input_tokens: null }, { outputTokens: 0 }],
])('usage of the Messages API: %s', (_, wire, want) => expect(readMessagesUsage(wire)).toEqual(want));

describe('usage of the Responses API', () => {
  it.each<[string, unknown, Partial<TokenUsage>]>([
    ['nothing', null, {}],
    [
      'what came from a cache, or went into one, is counted as input too',
      {
        input_tokens: 9,
        output_tokens: 2,
        input_tokens_details: { cached_tokens: 4, cache_write_tokens: 3 },
      },
      { inputTokens: 2, outputTokens: 2, cacheReadTokens: 4, cacheWriteTokens: 3 },
    ],
    ['counts that are none', { input_tokens: '9', output_tokens: -1 }, {}],
  ])('%s', (_, wire, want) => expect(readResponseUsage(wire)).toEqual(want));

  it('is written as it is read', () => {
    const usage = { inputTokens: 1, outputTokens: 2, cacheReadTokens: 3, cacheWriteTokens: 4 };
    expect(writeResponseUsage(usage)).toMatchObject({ input_tokens: 8, total_tokens: 10 });
    expect(readResponseUsage(writeResponseUsage(usage))).toEqual(usage);
  });
});
