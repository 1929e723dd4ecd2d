import type { Endpoint, EndpointOptions } from '../endpoint.ts';

/** Where completions are created. A base URL without a path means the service itself, whose API is under /v1. */
export function completionsEndpoint({ baseURL, apiKey, bearerToken }: EndpointOptions): Endpoint {
  const base = (baseURL ?? 'https://api.openai.com/v1').replace(/\/+$/, '');
  const credential = bearerToken ?? apiKey;
  return {
    url: `${/^[^/]+:\/\/[^/]+$/.test(base) ? `${base}/v1` : base}/chat/completions`,
    headers: credential === undefined ? {} : { authorization: `Bearer ${credential}` },
  };
}
