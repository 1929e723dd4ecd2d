import { expect, it } from 'vitest';
import { messagesEndpoint } from './anthropic/endpoint.ts';
import { responsesEndpoint } from './openai-responses/endpoint.ts';
import { completionsEndpoint } from './openai/endpoint.ts';

it.each([
  [undefined, 'https://api.anthropic.com/v1/messages', 'https://api.openai.com/v1/chat/completions'],
  ['http://h:1', 'http://h:1/v1/messages', 'http://h:1/v1/chat/completions'],
  ['http://h:1/', 'http://h:1/v1/messages', 'http://h:1/v1/chat/completions'],
  ['http://h/v1/', 'http://h/v1/messages', 'http://h/v1/chat/completions'],
  ['http://h/api/v3', 'http://h/api/v3/v1/messages', 'http://h/api/v3/chat/completions'],
])('the base URL %s', (baseURL, messages, completions) => {
  expect(messagesEndpoint({ baseURL }).url).toBe(messages);
  expect(completionsEndpoint({ baseURL }).url).toBe(completions);
  expect(responsesEndpoint({ baseURL }).url).toBe(completions.replace('chat/completions', 'responses'));
});

it.each([
  [{}, {}, {}],
  [{ apiKey: 'k' }, { 'x-api-key': 'k' }, { authorization: 'Bearer k' }],
  [{ bearerToken: 't' }, { authorization: 'Bearer t' }, { authorization: 'Bearer t' }],
  [{ apiKey: 'k', bearerToken: 't' }, { authorization: 'Bearer t' }, { authorization: 'Bearer t' }],
])('the credentials %j', (options, messages, completions) => {
  expect(messagesEndpoint(options).headers).toEqual({ 'anthropic-version': '2023-06-01', ...messages });
  expect(completionsEndpoint(options).headers).toEqual(completions);
  expect(responsesEndpoint(options).headers).toEqual(completions);
});
