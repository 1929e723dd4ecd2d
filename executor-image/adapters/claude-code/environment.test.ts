import { describe, expect, it } from 'vitest';
import type { RunModel, RunRequest } from '#executor-manager/protocol/run';
import { claudeEnvironment } from './environment.ts';
import { mcpConfiguration } from './mcp-configuration.ts';

const environmentOf = (model: RunModel | undefined, timeoutSeconds = 600): Record<string, string> => {
  const request: RunRequest = {
    shell: { type: 'ClaudeCode' },
    agent: { name: 'a' },
    prompt: 'p',
    timeoutSeconds,
    ...(model === undefined ? {} : { model }),
  };
  return claudeEnvironment(request, {
    environment: { PATH: '/bin' },
    home: '/home/agent',
    folder: '/workspace',
  });
};

describe('environment of Claude Code', () => {
  it('names the model, its service and its key', () => {
    const env = environmentOf({
      protocol: 'anthropic',
      name: 'my-model',
      baseURL: 'https://gateway.example/anthropic/v1/',
      apiKey: 'key',
      maxOutputTokens: 4096,
    });
    expect(env).toMatchObject({
      PATH: '/bin',
      HOME: '/home/agent',
      ANTHROPIC_MODEL: 'my-model',
      ANTHROPIC_DEFAULT_HAIKU_MODEL: 'my-model',
      ANTHROPIC_BASE_URL: 'https://gateway.example/anthropic',
      ANTHROPIC_API_KEY: 'key',
      CLAUDE_CODE_MAX_OUTPUT_TOKENS: '4096',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    });
  });

  it('leaves the service’s own models alone at the real service', () => {
    const env = environmentOf({ protocol: 'anthropic', name: 'claude', apiKey: 'key' });
    expect(env).not.toHaveProperty('ANTHROPIC_BASE_URL');
    expect(env).not.toHaveProperty('ANTHROPIC_DEFAULT_HAIKU_MODEL');
  });

  it('leaves the choice to the program when the Model names none', () => {
    const env = environmentOf({ protocol: 'anthropic', name: '', baseURL: 'https://gateway.example' });
    expect(Object.keys(env).filter((name) => name.includes('MODEL'))).toEqual([]);
  });

  it('takes the Model’s variables, but not where the program lives', () => {
    const env = environmentOf({
      protocol: 'anthropic',
      name: 'm',
      apiKey: 'key',
      env: { ANTHROPIC_AUTH_TOKEN: 'token', CLAUDE_CODE_MAX_RETRIES: '1', HOME: '/root' },
    });
    expect(env).toMatchObject({
      ANTHROPIC_AUTH_TOKEN: 'token',
      CLAUDE_CODE_MAX_RETRIES: '1',
      HOME: '/home/agent',
    });
    expect(env).not.toHaveProperty('ANTHROPIC_API_KEY');
  });

  it.each([
    { timeoutSeconds: 5, expected: '10000' },
    { timeoutSeconds: 400, expected: '100000' },
    { timeoutSeconds: 86_400, expected: '300000' },
  ])('gives up on a silent model in good time: $timeoutSeconds s', ({ timeoutSeconds, expected }) => {
    expect(environmentOf(undefined, timeoutSeconds)['API_TIMEOUT_MS']).toBe(expected);
  });
});

it('MCP servers are those behind the gate, with its token', () => {
  const server = { name: 'echo', url: 'http://127.0.0.1:1/echo', token: 't' };
  expect(mcpConfiguration([server])).toEqual({
    mcpServers: {
      echo: {
        type: 'http',
        url: 'http://127.0.0.1:1/echo',
        headers: { Authorization: 'Bearer t' },
        alwaysLoad: true,
      },
    },
  });
});
