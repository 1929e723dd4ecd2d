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
