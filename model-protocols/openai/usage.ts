import { countOf, objectOf, present } from '../json-value.ts';
import type { TokenUsage } from '../token-usage.ts';
import type { WireUsage } from './completion.ts';

/**
 * The counts that are there. This protocol counts what came from a cache, and what went into one, as input too;
 * here it is counted once. Where services put these: `prompt_tokens_details` as documented, DeepSeek's
 * `prompt_cache_hit_tokens`, and Anthropic's own fields beside them from gateways in front of it.
 */
export function readUsage(value: unknown): Partial<TokenUsage> {
  const usage = objectOf(value);
  const details = objectOf(usage['prompt_tokens_details']);
  const cacheReadTokens =
    countOf(details['cached_tokens']) ??
    countOf(usage['prompt_cache_hit_tokens']) ??
    countOf(usage['cache_read_input_tokens']);
  const cacheWriteTokens =
    countOf(details['cache_write_tokens']) ?? countOf(usage['cache_creation_input_tokens']);
  const input = countOf(usage['prompt_tokens']);
  const cached = (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0);
  return present({
    inputTokens: input === undefined ? undefined : Math.max(0, input - cached),
    outputTokens: countOf(usage['completion_tokens']),
    cacheReadTokens,
    cacheWriteTokens,
  });
}

export function writeUsage(usage: TokenUsage): WireUsage {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens } = usage;
  const prompt = inputTokens + cacheReadTokens + cacheWriteTokens;
  return {
    prompt_tokens: prompt,
    completion_tokens: outputTokens,
    total_tokens: prompt + outputTokens,
    prompt_tokens_details: {
      cached_tokens: cacheReadTokens,
      // OpenAI itself has no such count.
      ...(cacheWriteTokens === 0 ? {} : { cache_write_tokens: cacheWriteTokens }),
    },
  };
}
