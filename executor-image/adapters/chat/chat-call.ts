import { anthropic } from '#model-protocols/anthropic/anthropic';
import { messagesEndpoint } from '#model-protocols/anthropic/endpoint';
import type { MessagesRequest } from '#model-protocols/anthropic/request';
import type { Endpoint } from '#model-protocols/endpoint';
import type { ModelFailure } from '#model-protocols/failure';
import { acceptedRequest } from '#model-protocols/openai/accepted-request';
import { completionsEndpoint } from '#model-protocols/openai/endpoint';
import { openai } from '#model-protocols/openai/openai';
import { responsesEndpoint } from '#model-protocols/openai-responses/endpoint';
import { openaiResponses } from '#model-protocols/openai-responses/openai-responses';
import type { ResponsesRequest } from '#model-protocols/openai-responses/request';
import type { CompletionRequest } from '#model-protocols/openai/request';
import type { WireProtocol } from '#model-protocols/wire-protocol';
import type { AgentModel, AgentRequest } from '../adapter.ts';

/** One call in a service's protocol. */
export interface ChatCall {
  protocol: WireProtocol;
  endpoint: Endpoint;
  body: MessagesRequest | CompletionRequest | ResponsesRequest;
  /** The call to make in place of this one after the service refused it; undefined when none would be better. */
  instead(failure: ModelFailure): ChatCall | undefined;
}

/** The call that asks the request's prompt. */
export function chatCall(request: AgentRequest, model: AgentModel): ChatCall {
  switch (model.protocol) {
    case 'anthropic':
      return messagesCall(request, model);
    case 'openai':
      return completionsCall(completionsEndpoint(model), completionRequest(request, model));
    case 'openai-responses':
      return responsesCall(request, model);
  }
}

/** The Messages API wants a limit; this one all models accept. */
const MAX_TOKENS = 8192;

function messagesCall({ agent, prompt }: AgentRequest, model: AgentModel): ChatCall {
  return {
    protocol: anthropic,
    endpoint: messagesEndpoint(model),
    body: {
      model: model.name,
      max_tokens: model.maxOutputTokens ?? MAX_TOKENS,
      stream: true,
      ...(agent.systemPrompt ? { system: agent.systemPrompt } : {}),
      messages: [{ role: 'user', content: prompt }],
    },
    instead: () => undefined,
  };
}

function responsesCall({ agent, prompt }: AgentRequest, model: AgentModel): ChatCall {
  return {
    protocol: openaiResponses,
    endpoint: responsesEndpoint(model),
    body: {
      model: model.name,
      stream: true,
      store: false,
      ...(model.maxOutputTokens === undefined ? {} : { max_output_tokens: model.maxOutputTokens }),
      ...(agent.systemPrompt ? { instructions: agent.systemPrompt } : {}),
      input: [{ role: 'user', content: prompt }],
    },
    instead: () => undefined,
  };
}

function completionsCall(endpoint: Endpoint, body: CompletionRequest): ChatCall {
  return {
    protocol: openai,
    endpoint,
    body,
    instead(failure) {
      const accepted = acceptedRequest(body, failure);
      return accepted && completionsCall(endpoint, accepted);
    },
  };
}

function completionRequest({ agent, prompt }: AgentRequest, model: AgentModel): CompletionRequest {
  return {
    model: model.name,
    stream: true,
    stream_options: { include_usage: true },
    ...(model.maxOutputTokens === undefined ? {} : { max_tokens: model.maxOutputTokens }),
    messages: [
      ...(agent.systemPrompt ? [{ role: 'system' as const, content: agent.systemPrompt }] : []),
      { role: 'user', content: prompt },
    ],
  };
}
