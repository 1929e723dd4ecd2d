import type { Endpoint, EndpointOptions } from '../endpoint.ts';

/** The version that every request names: https://docs.anthropic.com/en/api/versioning. */
const VERSION = '2023-06-01';

/** Where messages are created. Base URLs are written with and without `/v1`. A bearer token goes before a key. */
export function messagesEndpoint({ baseURL, apiKey, bearerToken }: EndpointOptions): Endpoint {
  const base = (baseURL ?? 'https://api.anthropic.com').replace(/\/+$/, '').replace(/\/v1$/, '');
  const credential =
    bearerToken === undefined
      ? { ...(apiKey === undefined ? {} : { 'x-api-key': apiKey }) }
      : { authorization: `Bearer ${bearerToken}` };
  return { url: `${base}/v1/messages`, headers: { 'anthropic-version': VERSION, ...credential } };
}
