import type { RunModel, RunRequest } from '#executor-manager/protocol/run';
import { RunFailure } from '../../run-failure.ts';
import type { ChatCall } from './chat-call.ts';
import { parseEvent } from './chat-call.ts';

interface Chunk {
  choices?: {
    delta?: { content?: string | null; reasoning_content?: string | null };
    finish_reason?: string | null;
  }[];
  usage?: {
    prompt_tokens?: number;
    completion_tokens?: number;
    prompt_tokens_details?: { cached_tokens?: number };
  } | null;
  error?: { message?: string };
}

/** https://platform.openai.com/docs/api-reference/chat/streaming */
export function openaiCall(request: RunRequest, model: RunModel): ChatCall {
  const { systemPrompt } = request.agent;
  return {
    url: `${baseOf(model)}/chat/completions`,
    headers: model.apiKey === undefined ? {} : { authorization: `Bearer ${model.apiKey}` },
    body: {
      model: model.name,
      stream: true,
      stream_options: { include_usage: true },
      ...(model.maxOutputTokens === undefined ? {} : { max_tokens: model.maxOutputTokens }),
      messages: [
        ...(systemPrompt ? [{ role: 'system', content: systemPrompt }] : []),
        { role: 'user', content: request.prompt },
      ],
    },
    read(data, reading) {
      if (data === '[DONE]') {
        reading.ended = true;
        reading.closed = true;
        return {};
      }
      const chunk = parseEvent(data) as Chunk;
      if (chunk.error !== undefined) {
        throw new RunFailure('ModelError', `the model failed: ${chunk.error.message ?? 'no message'}`);
      }
      const choice = chunk.choices?.[0];
      // Some compatible services end the stream after the finish reason, without [DONE].
      if (choice?.finish_reason) reading.ended = true;
      if (chunk.usage) {
        reading.usage.inputTokens = chunk.usage.prompt_tokens ?? 0;
        reading.usage.outputTokens = chunk.usage.completion_tokens ?? 0;
        reading.usage.cacheReadTokens = chunk.usage.prompt_tokens_details?.cached_tokens ?? 0;
      }
      return {
        text: choice?.delta?.content ?? undefined,
        thinking: choice?.delta?.reasoning_content ?? undefined,
      };
    },
  };
}

/** A base URL without a path means the service itself, whose API is under /v1. */
function baseOf(model: RunModel): string {
  const base = (model.baseURL ?? 'https://api.openai.com/v1').replace(/\/+$/, '');
  return /^https?:\/\/[^/]+$/.test(base) ? `${base}/v1` : base;
}
