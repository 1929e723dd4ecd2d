import type { Endpoint, EndpointOptions } from '../endpoint.ts';

/** Where completions are created. A base URL without a path means the service itself, whose API is under /v1. */
export function completionsEndpoint(options: EndpointOptions): Endpoint {
  return openaiEndpoint('/chat/completions', options);
}

/** A path of one of OpenAI's APIs, which share their base and their way to name a credential. */
export function openaiEndpoint(path: string, { baseURL, apiKey, bearerToken }: EndpointOptions): Endpoint {
  const base = (baseURL ?? 'https://api.openai.com/v1').replace(/\/+$/, '');
  const credential = bearerToken ?? apiKey;
  return {
    url: `${/^[^/]+:\/\/[^/]+$/.test(base) ? `${base}/v1` : base}${path}`,
    headers: credential === undefined ? {} : { authorization: `Bearer ${credential}` },
  };
}
