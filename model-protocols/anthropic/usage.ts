import { countOf, objectOf, present } from '../json-value.ts';
import type { TokenUsage } from '../token-usage.ts';
import type { WireUsage } from './message.ts';

/** The counts that are there: an event may bring some of them, `null` for one, or nothing at all. */
export function readUsage(value: unknown): Partial<TokenUsage> {
  const usage = objectOf(value);
  return present({
    inputTokens: countOf(usage['input_tokens']),
    outputTokens: countOf(usage['output_tokens']),
    cacheReadTokens: countOf(usage['cache_read_input_tokens']),
    cacheWriteTokens: countOf(usage['cache_creation_input_tokens']),
  });
}

export function writeUsage(usage: TokenUsage): WireUsage {
  return {
    input_tokens: usage.inputTokens,
    cache_creation_input_tokens: usage.cacheWriteTokens,
    cache_read_input_tokens: usage.cacheReadTokens,
    cache_creation: { ephemeral_5m_input_tokens: usage.cacheWriteTokens, ephemeral_1h_input_tokens: 0 },
    output_tokens: usage.outputTokens,
  };
}
