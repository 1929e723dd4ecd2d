import { describe, expect, it } from 'vitest';
import { findRoute, targetURL } from './routes.ts';

describe('the calls that are open to a run', () => {
  it.each([
    ['POST', '/v1/chat-messages', '/chat-messages'],
    ['POST', '/workflows/run', '/workflows/run'],
    ['GET', '/v1/info', '/info'],
    ['POST', '/v1/files/upload', '/files/upload'],
    ['POST', '/v1/chat-messages/0b9a-1/stop', '/chat-messages/0b9a-1/stop'],
    ['POST', '/v1/workflows/tasks/0b9a-1/stop', '/workflows/tasks/0b9a-1/stop'],
  ])('of an application of Dify: %s %s', (method, path, below) => {
    const route = findRoute('dify', { method, path });
    expect(route).toEqual({ method, path: below });
    const url = route && targetURL({ protocol: 'dify', baseURL: 'https://d.example/dify' }, route);
    expect(url?.href).toBe(`https://d.example/dify/v1${below}`);
  });

  it.each([
    ['dify', 'GET', '/v1/chat-messages', 'another method'],
    ['dify', 'POST', '/v1/messages', 'a call of another protocol'],
    ['dify', 'GET', '/v1/conversations', 'what others have said there'],
    ['dify', 'DELETE', '/v1/conversations/x', 'what changes the application'],
    ['dify', 'POST', '/v1/chat-messages/../../x/stop', 'a way out'],
    ['dify', 'POST', '/v1/chat-messages/a%2f..%2fb/stop', 'an encoded one'],
    ['openai', 'POST', '/v1/chat-messages', 'a call of an application'],
  ] as const)('not: %s %s %s (%s)', (protocol, method, path, reason) => {
    expect(findRoute(protocol, { method, path }), reason).toBeUndefined();
  });

  it('goes to the maker where the Model names no address, and adds the version to one that lacks it', () => {
    const route = { method: 'GET', path: '/info' } as const;
    expect(targetURL({ protocol: 'dify' }, route).href).toBe('https://api.dify.ai/v1/info');
    expect(targetURL({ protocol: 'dify', baseURL: 'http://d/v1/' }, route).href).toBe('http://d/v1/info');
  });
});

it.each([
  ['POST', '/v1/messages', '/messages'],
  ['POST', '/messages', '/messages'],
  ['POST', '/v1/messages/count_tokens', '/messages/count_tokens'],
  ['POST', '/v1/chat/completions', '/chat/completions'],
  ['POST', '/v1/responses', '/responses'],
  ['POST', '/v1/embeddings', '/embeddings'],
  ['GET', '/v1/models', '/models'],
])('%s %s is open to agents', (method, path, want) =>
  expect(findRoute('anthropic', { method, path })?.path).toBe(want),
);

it.each([
  ['GET', '/v1/messages', 'another method'],
  ['HEAD', '/v1/models', 'another method'],
  ['POST', '/v1/files', 'a path that is not listed'],
  ['POST', '/v1/messages/batches', 'a path below one that is listed'],
  ['POST', '/v1/messages/', 'nearly one that is listed'],
  ['POST', '/v1/../admin/keys', 'a way up'],
  ['POST', '/v1/%6dessages', 'an encoded one'],
  ['POST', '//elsewhere.example/v1/messages', 'another host'],
  ['POST', 'http://elsewhere.example/v1/messages', 'a whole URL'],
  ['POST', '', 'none'],
])('%s %s is not: %s', (method, path) => expect(findRoute('anthropic', { method, path })).toBeUndefined());

it.each([
  ['anthropic', undefined, 'https://api.anthropic.com/v1/messages?beta=true'],
  ['anthropic', 'http://h:1', 'http://h:1/v1/messages?beta=true'],
  ['anthropic', 'http://h/v1/', 'http://h/v1/messages?beta=true'],
  ['anthropic', 'http://h/gateway', 'http://h/gateway/v1/messages?beta=true'],
  ['openai', undefined, 'https://api.openai.com/v1/messages?beta=true'],
  ['openai', 'http://h:1', 'http://h:1/v1/messages?beta=true'],
  ['openai', 'http://h/api/v3', 'http://h/api/v3/messages?beta=true'],
  ['openai-responses', 'http://h', 'http://h/v1/messages?beta=true'],
  [
    'openai',
    'https://x.openai.azure.com/openai/deployments/d?api-version=1',
    'https://x.openai.azure.com/openai/deployments/d/messages?beta=true&api-version=1',
  ],
  ['openai', 'http://h/v1?beta=false#part', 'http://h/v1/messages?beta=false'],
] as const)('%s at %s', (protocol, baseURL, want) => {
  expect(targetURL({ protocol, baseURL }, { method: 'POST', path: '/messages' }, 'beta=true').href).toBe(
    want,
  );
});
