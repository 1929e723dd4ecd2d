import { countOf, objectOf, present } from '../json-value.ts';
import type { TokenUsage } from '../token-usage.ts';
import type { ResponseUsage } from './response.ts';

/** The counts that are there. This protocol counts what came from a cache, or went into one, as input too; here it is counted once. */
export function readUsage(value: unknown): Partial<TokenUsage> {
  const usage = objectOf(value);
  const details = objectOf(usage['input_tokens_details']);
  const cacheReadTokens = countOf(details['cached_tokens']);
  const cacheWriteTokens = countOf(details['cache_write_tokens']);
  const input = countOf(usage['input_tokens']);
  const cached = (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0);
  return present({
    inputTokens: input === undefined ? undefined : Math.max(0, input - cached),
    outputTokens: countOf(usage['output_tokens']),
    cacheReadTokens,
    cacheWriteTokens,
  });
}

export function writeUsage(usage: TokenUsage): ResponseUsage {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens } = usage;
  const input = inputTokens + cacheReadTokens + cacheWriteTokens;
  return {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: cacheReadTokens,
      ...(cacheWriteTokens === 0 ? {} : { cache_write_tokens: cacheWriteTokens }),
    },
    output_tokens: outputTokens,
    // Which part of the output was reasoning is not counted here.
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + outputTokens,
  };
}
