import type { RunModel, RunRequest } from '#executor-manager/protocol/run';
import { RunFailure } from '../../run-failure.ts';
import type { ChatCall } from './chat-call.ts';
import { parseEvent } from './chat-call.ts';

/** The API wants a limit; this one all models accept. */
const MAX_TOKENS = 8192;

interface Event {
  type: string;
  message?: { usage?: Usage };
  delta?: { text?: string; thinking?: string };
  usage?: Usage;
  error?: { message?: string };
}

interface Usage {
  input_tokens?: number;
  output_tokens?: number;
  cache_read_input_tokens?: number;
  cache_creation_input_tokens?: number;
}

/** https://docs.anthropic.com/en/api/messages-streaming */
export function anthropicCall(request: RunRequest, model: RunModel): ChatCall {
  const base = (model.baseURL ?? 'https://api.anthropic.com').replace(/\/+$/, '').replace(/\/v1$/, '');
  const token = model.env?.['ANTHROPIC_AUTH_TOKEN'];
  return {
    url: `${base}/v1/messages`,
    headers: {
      'anthropic-version': '2023-06-01',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(token === undefined && model.apiKey !== undefined ? { 'x-api-key': model.apiKey } : {}),
    },
    body: {
      model: model.name,
      max_tokens: model.maxOutputTokens ?? MAX_TOKENS,
      stream: true,
      ...(request.agent.systemPrompt ? { system: request.agent.systemPrompt } : {}),
      messages: [{ role: 'user', content: request.prompt }],
    },
    read(data, reading) {
      const event = parseEvent(data) as Event;
      if (event.type === 'error') {
        throw new RunFailure('ModelError', `the model failed: ${event.error?.message ?? 'no message'}`);
      }
      if (event.type === 'message_stop') {
        reading.ended = true;
        reading.closed = true;
      }
      const usage = event.message?.usage ?? event.usage;
      if (usage !== undefined) {
        const { usage: sum } = reading;
        sum.inputTokens = usage.input_tokens ?? sum.inputTokens;
        sum.outputTokens = usage.output_tokens ?? sum.outputTokens;
        sum.cacheReadTokens = usage.cache_read_input_tokens ?? sum.cacheReadTokens;
        sum.cacheWriteTokens = usage.cache_creation_input_tokens ?? sum.cacheWriteTokens;
      }
      return { text: event.delta?.text, thinking: event.delta?.thinking };
    },
  };
}
