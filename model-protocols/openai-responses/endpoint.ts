import type { Endpoint, EndpointOptions } from '../endpoint.ts';
import { openaiEndpoint } from '../openai/endpoint.ts';

/** Where responses are created. A base URL without a path means the service itself, whose API is under /v1. */
export function responsesEndpoint(options: EndpointOptions): Endpoint {
  return openaiEndpoint('/responses', options);
}
