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
    },
  },
  model: { protocol: 'anthropic', name: 'm', apiKey: 'key-"quoted"', env: { MY_SECRET: 'env-secret' } },
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
    { text: 'read-only-mode', hidden: false },
    { text: 'text/plain-text', hidden: false },
    { text: 'bob-the-user', hidden: false },
  ])('$text: hidden $hidden', ({ text, hidden }) => {
    const redactor = createRedactor(REQUEST);
    const wanted = hidden ? 'it is [redacted].' : `it is ${text}.`;
    expect(redactor.text(`it is ${text}.`)).toBe(wanted);
    expect(redactor.data({ a: [{ b: `it is ${text}.` }] })).toEqual({ a: [{ b: wanted }] });
  });

  it('leaves short values alone: they are parts of words', () => {
    const redactor = createRedactor({ ...REQUEST, model: { protocol: 'openai', name: 'm', apiKey: 'key' } });
    expect(redactor.text('keyboard')).toBe('keyboard');
  });
});
