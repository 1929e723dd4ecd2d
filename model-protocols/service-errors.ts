import { anthropic } from './anthropic/anthropic.ts';
import { openai } from './openai/openai.ts';
import { openaiResponses } from './openai-responses/openai-responses.ts';
import { formatEvent } from './server-sent-events.ts';
import type { WireError, WireProtocol } from './wire-protocol.ts';

/** In which form a service says that it fails, so that whoever stands in for it is understood. */
export interface ServiceErrors {
  /** The body of an answer that is an error. */
  body(error: WireError): unknown;
  /** The text of an event that ends a stream: the service is busy, and may be asked again. */
  event(message: string): string;
}

/** By protocol. */
export const SERVICE_ERRORS = {
  anthropic: errorsOf(anthropic),
  openai: errorsOf(openai),
  'openai-responses': errorsOf(openaiResponses),
  dify: difyErrors(),
} as const satisfies Record<string, ServiceErrors>;

function errorsOf(protocol: WireProtocol): ServiceErrors {
  return {
    body: (error) => protocol.errorBody(error),
    event(message) {
      const failure = { type: 'failure', failure: { kind: 'overloaded', message } } as const;
      return protocol.createWriter().write(failure).map(formatEvent).join('');
    },
  };
}

/** https://docs.dify.ai/api-reference */
function difyErrors(): ServiceErrors {
  const body = ({ status, message, type = 'service_unavailable' }: WireError) => ({
    code: type,
    message,
    status,
  });
  return {
    body,
    event: (message) =>
      formatEvent({ data: JSON.stringify({ event: 'error', ...body({ status: 503, message }) }) }),
  };
}
