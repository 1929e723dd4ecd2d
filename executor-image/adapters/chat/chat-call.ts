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
import type { AgentModel } from '../adapter.ts';
import { RunFailure } from '../../run-failure.ts';
import type { ChatQuestion } from './conversation.ts';
import { completionBody, messagesBody, responsesBody } from './request-bodies.ts';

/** One call in a service's protocol. */
export interface ChatCall {
  protocol: WireProtocol;
  endpoint: Endpoint;
  body: MessagesRequest | CompletionRequest | ResponsesRequest;
  /** The call to make in place of this one after the service refused it; undefined when none would be better. */
  instead(failure: ModelFailure): ChatCall | undefined;
}

/** The call that asks `question`. Throws RunFailure StartFailed for a protocol that is not one of models. */
export function chatCall(question: ChatQuestion, model: AgentModel): ChatCall {
  switch (model.protocol) {
    case 'anthropic': {
      const body = messagesBody(question, model);
      return { protocol: anthropic, endpoint: messagesEndpoint(model), body, instead: () => undefined };
    }
    case 'openai':
      return completionsCall(completionsEndpoint(model), completionBody(question, model));
    case 'openai-responses':
      return responsesCall(responsesEndpoint(model), responsesBody(question, model));
    case 'dify':
      throw new RunFailure('StartFailed', 'Chat asks models, not applications of Dify');
  }
}

function responsesCall(endpoint: Endpoint, body: ResponsesRequest): ChatCall {
  return {
    protocol: openaiResponses,
    endpoint,
    body,
    instead(failure) {
      if (body.text === undefined || !refusesSchema(failure)) return undefined;
      const { text: _, ...rest } = body;
      return responsesCall(endpoint, rest);
    },
  };
}

function completionsCall(endpoint: Endpoint, body: CompletionRequest): ChatCall {
  return {
    protocol: openai,
    endpoint,
    body,
    instead(failure) {
      if (body.response_format !== undefined && refusesSchema(failure)) {
        const { response_format: _, ...rest } = body;
        return completionsCall(endpoint, rest);
      }
      const accepted = acceptedRequest(body, failure);
      return accepted && completionsCall(endpoint, accepted);
    },
  };
}

/** The prompt says it too, so that a service which holds its model to no schema, or not to this one, does without. */
function refusesSchema({ kind, message = '', parameter = '' }: ModelFailure): boolean {
  return (
    kind === 'invalid' && /response_format|text\.format|json_?schema|schema/i.test(`${parameter} ${message}`)
  );
}
