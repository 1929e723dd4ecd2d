import { describe, expect, it } from 'vitest';
import type { AgentModel, AgentRequest } from '../adapter.ts';
import { claudeEnvironment } from './environment.ts';
import type { ProgramEnvironment } from './environment.ts';
import { mcpServers } from './mcp-configuration.ts';

const environmentOf = (model: Partial<AgentModel> | undefined, timeoutSeconds = 600): ProgramEnvironment => {
  const request: AgentRequest = {
    shell: { type: 'ClaudeCode' },
    agent: { name: 'a' },
    prompt: 'p',
    timeoutSeconds,
    ...(model === undefined ? {} : { model: { ...MODEL, ...model } }),
  };
  return claudeEnvironment(request, {
    environment: { PATH: '/bin' },
    home: '/home/agent',
    folder: '/workspace',
  });
};

const MODEL: AgentModel = {
  protocol: 'anthropic',
  name: 'my-model',
  baseURL: 'http://127.0.0.1:4000',
  apiKey: 'token of the run',
};

describe('environment of Claude Code', () => {
  it('names the model and the way to it', () => {
    const { env, descriptors } = environmentOf({ maxOutputTokens: 4096 });
    expect(env).toMatchObject({
      PATH: '/bin',
      HOME: '/home/agent',
      ANTHROPIC_MODEL: 'my-model',
      ANTHROPIC_DEFAULT_HAIKU_MODEL: 'my-model',
      ANTHROPIC_BASE_URL: 'http://127.0.0.1:4000',
      CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR: '3',
      CLAUDE_CODE_MAX_OUTPUT_TOKENS: '4096',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    });
    expect(descriptors, 'the environment goes to all that the agent starts').toEqual(['token of the run']);
    expect(Object.values(env)).not.toContain('token of the run');
  });

  it('leaves the service’s own models alone at the real service', () => {
    expect(environmentOf({ isMakersService: true }).env).not.toHaveProperty('ANTHROPIC_DEFAULT_HAIKU_MODEL');
  });

  it('leaves the choice to the program when the Model names none', () => {
    const { env } = environmentOf({ name: '' });
    expect(Object.keys(env).filter((name) => /^ANTHROPIC.*MODEL/.test(name))).toEqual([]);
  });

  it('takes the Model’s variables, but not where the program lives and whom it calls', () => {
    const { env } = environmentOf({
      env: {
        ANTHROPIC_DEFAULT_HAIKU_MODEL: 'small',
        CLAUDE_CODE_MAX_RETRIES: '1',
        HOME: '/root',
        ANTHROPIC_BASE_URL: 'http://elsewhere',
      },
    });
    expect(env).toMatchObject({
      ANTHROPIC_DEFAULT_HAIKU_MODEL: 'small',
      CLAUDE_CODE_MAX_RETRIES: '1',
      HOME: '/home/agent',
      ANTHROPIC_BASE_URL: 'http://127.0.0.1:4000',
    });
  });

  it.each([
    { timeoutSeconds: 60, expected: '60000', reason: 'an answer of 20 s is no failure of a run of 60 s' },
    { timeoutSeconds: 1800, expected: '1800000', reason: 'nor is one of 310 s of a run of half an hour' },
    { timeoutSeconds: 1e9, expected: '2147483647', reason: 'the longest timer there is' },
  ])('waits as long as the run may take: $timeoutSeconds s', ({ timeoutSeconds, expected, reason }) => {
    expect(environmentOf(undefined, timeoutSeconds).env, reason).toMatchObject({
      API_TIMEOUT_MS: expected,
      API_FORCE_IDLE_TIMEOUT: '0',
      CLAUDE_ENABLE_STREAM_WATCHDOG: '0',
      CLAUDE_ENABLE_BYTE_WATCHDOG: '0',
    });
  });
});

it('MCP servers are those behind the gate, with its token', () => {
  const server = { name: 'echo', url: 'http://127.0.0.1:1/echo', token: 't' };
  expect(mcpServers([server])).toEqual({
    echo: {
      type: 'http',
      url: 'http://127.0.0.1:1/echo',
      headers: { Authorization: 'Bearer t' },
      alwaysLoad: true,
    },
  });
});
