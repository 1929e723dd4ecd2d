import { describe, expect, it } from 'vitest';
import { readServerConfiguration } from './server-configuration.ts';

describe('an entry of mcpServers', () => {
  const stdio = { type: 'stdio', command: 'x', args: [], env: {} };
  const http = { type: 'http', headers: {} };
  it.each([
    { reason: 'a program', entry: { command: 'x' }, transport: stdio },
    { reason: 'a program by name', entry: { type: 'stdio', command: 'x' }, transport: stdio },
    {
      reason: 'numbers among its arguments',
      entry: { command: 'x', args: [1] },
      transport: { ...stdio, args: ['1'] },
    },
    { reason: 'an address alone', entry: { url: 'http://a/b' }, transport: http },
    {
      reason: 'as other programs write it',
      entry: { type: 'streamable-http', url: 'http://a/b' },
      transport: http,
    },
    { reason: 'with base_url', entry: { base_url: 'http://a/b' }, transport: http },
    { reason: 'sse', entry: { transport: 'sse', url: 'http://a/b' }, transport: { ...http, type: 'sse' } },
    {
      reason: 'fields of other programs',
      entry: { url: 'http://a/b', alwaysAllow: ['x'], tools: ['*'] },
      transport: http,
    },
  ])('$reason', ({ entry, transport }) => {
    expect(readServerConfiguration('s', entry).transport).toMatchObject(transport);
  });

  it('is not required, and keeps no results, unless it says so', () => {
    expect(readServerConfiguration('s', { command: 'x' })).toMatchObject({
      required: false,
      cacheResults: false,
    });
    expect(readServerConfiguration('s', { command: 'x', required: true, cacheResults: true })).toMatchObject({
      required: true,
      cacheResults: true,
    });
  });

  it.each([
    { entry: 'x', message: 'the server must be an object' },
    { entry: {}, message: 'command must be a text' },
    { entry: { command: '' }, message: 'command must be a text' },
    { entry: { command: 'x', args: 'y' }, message: 'args must be a list' },
    { entry: { command: 'x', args: [{}] }, message: 'args.0 must be a text' },
    { entry: { command: 'x', env: { A: 'secret\0' } }, message: 'env.A must not contain a NUL' },
    { entry: { url: 'nowhere' }, message: 'url is not a URL' },
    { entry: { url: 'file:///etc/passwd' }, message: 'url must begin with http:// or https://' },
    { entry: { url: 'http://a', headers: { 'a b': 'c' } }, message: 'headers: "a b" is no name of a header' },
    {
      entry: { url: 'http://a', headers: { A: 'ключ' } },
      message: 'headers.A has a character that a header cannot have',
    },
    { entry: { command: 'x', required: 'yes' }, message: 'required must be true or false' },
    {
      entry: { command: 'x', callSeconds: 0 },
      message: 'callSeconds must be a number of seconds above 0 and at most 86400',
    },
    {
      entry: { command: 'x', toolLevels: [{ name: 'a', level: 'admin' }] },
      message: 'toolLevels.0.level must be one of readOnly, safe, privileged',
    },
  ])('is refused: $message', ({ entry, message }) => {
    expect(() => readServerConfiguration('s', entry)).toThrow(message);
  });

  it.each(['', '../a', 'a b', 'a/b', 'x'.repeat(65)])('has no name such as %j', (name) => {
    expect(() => readServerConfiguration(name, { command: 'x' })).toThrow('the name of a server');
  });
});
