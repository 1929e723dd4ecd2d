import { describe, expect, it } from 'vitest';
import type { RunRequest } from '#executor-manager/protocol/run';
import { createRedactor } from './redact.ts';

const REQUEST: RunRequest = {
  shell: { type: 'ClaudeCode' },
  agent: {
    name: 'a',
    mcpServers: {
      one: { env: { API_TOKEN: 'mcp-token-1', MODE: 'read-only-mode' } },
      two: { headers: { Authorization: 'Bearer mcp-token-2', Accept: 'text/plain-text' } },
      three: null,
      four: {
        url: 'https://u:address-pass%20@host/mcp?k=address-key&v=2',
        env: { FILE: 'listed-value' },
        secretNames: ['FILE'],
      },
    },
  },
  model: { protocol: 'anthropic', name: 'm', env: { MY_SECRET: 'env-secret', MY_KEY: 'key-"quoted"' } },
  repository: {
    gitUrl: 'u',
    branch: 'b',
    workBranch: 'w',
    timeoutSeconds: 1,
    credential: { username: 'bob-the-user', password: 'git-password' },
  },
  prompt: 'p',
  timeoutSeconds: 1,
};

describe('redactor', () => {
  it.each([
    { text: 'mcp-token-1', hidden: true },
    { text: 'Bearer mcp-token-2', hidden: true },
    { text: 'key-"quoted"', hidden: true },
    { text: 'env-secret', hidden: true },
    { text: 'git-password', hidden: true },
    { text: 'address-key', hidden: true },
    { text: 'address-pass ', hidden: true },
    { text: 'listed-value', hidden: true },
    { text: 'read-only-mode', hidden: false },
    { text: 'text/plain-text', hidden: false },
    { text: 'bob-the-user', hidden: false },
  ])('$text: hidden $hidden', ({ text, hidden }) => {
    const redactor = createRedactor(REQUEST);
    const wanted = hidden ? 'it is [redacted].' : `it is ${text}.`;
    expect(redactor.text(`it is ${text}.`)).toBe(wanted);
    expect(redactor.data({ a: [{ b: `it is ${text}.` }] })).toEqual({ a: [{ b: wanted }] });
  });

  it.each(['input', 'output'])('takes them out of the names in an %s too', (field) => {
    expect(createRedactor(REQUEST).data({ [field]: { 'env-secret': [1] } })).toEqual({
      [field]: { '[redacted]': [1] },
    });
  });

  it.each([
    { secret: '12345678', reason: 'a number is no secret, and the event stays whole' },
    { secret: 'inputTokens', reason: 'our own names stay' },
  ])('$secret: $reason', ({ secret }) => {
    const model = { protocol: 'openai' as const, name: 'm', env: { MY_KEY: secret } };
    const data = { result: { usage: { inputTokens: 12_345_678 } } };
    expect(createRedactor({ ...REQUEST, model }).data(data)).toEqual(data);
  });

  it.each([
    { text: 'my key is git-pass', held: 8 },
    { text: 'my key is env-', held: 4 },
    { text: 'Bearer m', held: 8 },
    { text: 'm', held: 1 },
    { text: 'it is env-secret', held: 0 },
    { text: 'nothing of the kind', held: 0 },
    { text: '', held: 0 },
  ])('the last $held of "$text" may begin a secret', ({ text, held }) => {
    expect(createRedactor(REQUEST).unfinished(text)).toBe(held);
  });

  it('hides what it is told later, such as the token of the run', () => {
    const redactor = createRedactor(REQUEST);
    redactor.hide('token-of-the-run');
    expect(redactor.text('it is token-of-the-run.')).toBe('it is [redacted].');
    expect(redactor.text('it is git-password.')).toBe('it is [redacted].');
  });

  it('leaves short values alone: they are parts of words', () => {
    const model = { protocol: 'openai' as const, name: 'm', env: { MY_KEY: 'key' } };
    expect(createRedactor({ ...REQUEST, model }).text('keyboard')).toBe('keyboard');
  });
});

it('hides the headers of a request that come from Secrets, whatever stands before them', () => {
  const headers = [
    { name: 'X-Plain', value: 'seen-by-all' },
    { name: 'X-Key', value: 'token header-secret', secret: 'header-secret' },
  ];
  const http = { url: 'u', headers, timeoutSeconds: 1, maxBytes: 1, idempotencyKey: 'i' };
  const redactor = createRedactor({ ...REQUEST, action: { http } });
  expect(redactor.text('seen-by-all header-secret')).toBe('seen-by-all [redacted]');
});
