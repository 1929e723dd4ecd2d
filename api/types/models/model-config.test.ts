import { describe, expect, it } from 'vitest';
import { hasURLCredential } from '../credentials/credential.ts';
import { isHeaderValue, modelCredential, modelHeaders, modelSettings } from './model-config.ts';

const settings = (env: unknown, rest: Record<string, unknown> = {}) =>
  modelSettings({ modelConfig: { env }, ...rest });

describe('modelSettings', () => {
  const cases = [
    {
      reason: 'ANTHROPIC_* variables mean anthropic',
      got: settings({
        ANTHROPIC_MODEL: 'm',
        ANTHROPIC_BASE_URL: 'http://h',
        ANTHROPIC_AUTH_TOKEN: 't',
        ANTHROPIC_DEFAULT_HAIKU_MODEL: 'small',
      }),
      want: {
        protocol: 'anthropic',
        name: 'm',
        baseURL: 'http://h',
        env: { ANTHROPIC_DEFAULT_HAIKU_MODEL: 'small' },
      },
    },
    {
      reason: 'model: claude is the provider, model_id the id',
      got: settings({ model: 'claude', model_id: 'sonnet', api_key: 'k' }),
      want: { protocol: 'anthropic', name: 'sonnet', env: {} },
    },
    {
      reason: 'model: openai is the provider',
      got: settings({ model: 'openai', model_id: 'gpt', base_url: 'https://h/v1', api_key: 'k' }),
      want: { protocol: 'openai', name: 'gpt', baseURL: 'https://h/v1', env: {} },
    },
    {
      reason: 'any other word in model is the id',
      got: settings({ model: 'deepseek-chat', api_key: 'k' }),
      want: { protocol: 'openai', name: 'deepseek-chat', env: {} },
    },
    {
      reason: 'a provider word alone is no id',
      got: settings({ model: 'openai' }),
      want: { protocol: 'openai', env: {} },
    },
    {
      reason: 'spec.protocol wins',
      got: settings({ OPENAI_MODEL: 'x' }, { protocol: 'claude' }),
      want: { protocol: 'anthropic', name: 'x', env: {} },
    },
    {
      reason: 'an application of Dify',
      got: settings({ DIFY_API_KEY: 'app-k', DIFY_BASE_URL: 'http://d', DIFY_PARAMS: { a: 1 } }),
      want: { protocol: 'dify', baseURL: 'http://d', env: { DIFY_PARAMS: '{"a":1}' } },
    },
    {
      reason: 'OpenAI has two forms',
      got: settings({ model: 'openai', model_id: 'x' }, { apiFormat: 'responses' }),
      want: { protocol: 'openai-responses', name: 'x', env: {} },
    },
    {
      reason: 'the older form by its name is the usual one',
      got: settings({ model: 'openai', model_id: 'x' }, { apiFormat: 'chat/completions' }),
      want: { protocol: 'openai', name: 'x', env: {} },
    },
    {
      reason: 'the newer form is a protocol too',
      got: settings({ model_id: 'x' }, { protocol: 'openai-responses' }),
      want: { protocol: 'openai-responses', name: 'x', env: {} },
    },
    {
      reason: 'Anthropic has one form, whatever is written beside it',
      got: settings({ ANTHROPIC_MODEL: 'x' }, { apiFormat: 'responses' }),
      want: { protocol: 'anthropic', name: 'x', env: {} },
    },
    {
      reason: 'an unknown protocol is named',
      got: settings({ model_id: 'x' }, { protocol: 'gemini' }),
      want: { unknownProtocol: 'gemini', name: 'x', env: {} },
    },
    {
      reason: 'what looks like a credential is not copied, a limit in tokens is',
      got: settings({
        model_id: 'x',
        MY_API_KEY: 'k',
        GITHUB_TOKEN: 't',
        DB_PASSWORD: 'p',
        PROXY: 'http://u:p@h',
        ANTHROPIC_CUSTOM_HEADERS: 'X-Gateway: s3cr3t',
        SESSION_COOKIE: 'c',
        EXTRA: 'Authorization: Bearer b',
        MAX_THINKING_TOKENS: 1000,
        SESSION_TOKENS: 'abc',
        DEBUG: true,
        'not a name': 'v',
      }),
      want: { protocol: 'anthropic', name: 'x', env: { MAX_THINKING_TOKENS: '1000', DEBUG: 'true' } },
    },
    {
      reason: 'a base URL with a password is left out',
      got: settings({ model_id: 'x', base_url: 'http://u:p@h/' }),
      want: { protocol: 'openai', name: 'x', env: {} },
    },
    {
      reason: 'limits: modelConfig wins over the legacy fields',
      got: modelSettings({
        modelConfig: { env: { model_id: 'x' }, context_window: 5, max_output_tokens: '7' },
        contextWindow: 1,
      }),
      want: { protocol: 'openai', name: 'x', contextWindow: 5, maxOutputTokens: 7, env: {} },
    },
    { reason: 'no env at all', got: settings(undefined), want: { protocol: 'openai', env: {} } },
    { reason: 'env of a wrong type', got: settings(['x']), want: { protocol: 'openai', env: {} } },
  ];
  it.each(cases)('$reason', ({ got, want }) => expect(got).toEqual(want));

  it('finds the credential in the order of the manifests', () => {
    const credential = (env: Record<string, string>) => modelCredential({ modelConfig: { env } })?.value;
    expect(
      credential({ OPENAI_API_KEY: 'd', ANTHROPIC_AUTH_TOKEN: 'c', ANTHROPIC_API_KEY: 'b', api_key: 'a' }),
    ).toBe('a');
    expect(credential({ OPENAI_API_KEY: 'd', ANTHROPIC_AUTH_TOKEN: 'c' })).toBe('c');
    expect(credential({ api_key: '' })).toBeUndefined();
  });

  it.each([
    { reason: 'a key', env: { ANTHROPIC_API_KEY: 'k' }, want: 'key' },
    { reason: 'a bearer token', env: { ANTHROPIC_AUTH_TOKEN: 't' }, want: 'bearer' },
    {
      reason: 'a token that a key outranks',
      env: { api_key: 'k', ANTHROPIC_AUTH_TOKEN: 't' },
      want: 'key',
    },
    { reason: 'a subscription', env: { CLAUDE_CODE_OAUTH_TOKEN: 't' }, want: 'subscription' },
    { reason: 'its token in place of a key', env: { api_key: 'sk-ant-oat01-x' }, want: 'subscription' },
    {
      reason: 'a Secret outranks all',
      env: { ANTHROPIC_AUTH_TOKEN: 't' },
      secret: 'k',
      want: 'key',
    },
    { reason: 'a subscription in a Secret', env: {}, secret: 'sk-ant-oat01-x', want: 'subscription' },
  ])('how it is sent: $reason', ({ env, secret, want }) => {
    expect(modelCredential({ modelConfig: { env } }, secret)?.form).toBe(want);
  });

  it('reads a subscription as one of Anthropic', () => {
    expect(settings({ CLAUDE_CODE_OAUTH_TOKEN: 't' })).toEqual({ protocol: 'anthropic', env: {} });
  });

  it('reads the headers of a gateway', () => {
    const env = {
      ANTHROPIC_CUSTOM_HEADERS: 'X-A: b\r\n\nno header\nX-Ü: c\nX-Team:  d: e ',
      OPENAI_ORG_ID: 'o',
    };
    expect(modelHeaders({ modelConfig: { env } })).toEqual({
      headers: { 'x-a': 'b', 'x-team': 'd: e', 'openai-organization': 'o' },
      wrongLine: 3,
    });
    expect(modelHeaders({ modelConfig: {} })).toEqual({ headers: {} });
  });

  it.each([
    ['sk-ant-api03-_x', true, 'a key'],
    ['sk-\u{7ffb}', false, 'beyond Latin: the client of HTTP refuses it'],
    ['sk-\u{e9}', false, 'Latin: UTF-8 for some, ISO 8859-1 for others'],
    ['sk-\nx', false, 'a line break would begin another header'],
  ])('%j is a value of a header: %s', (text, want) => expect(isHeaderValue(text)).toBe(want));

  it('sees a credential in a URL only before the host', () => {
    expect(hasURLCredential('https://u@h/x')).toBe(true);
    expect(hasURLCredential('https://h/x@y')).toBe(false);
  });
});
