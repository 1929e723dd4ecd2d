import { describe, expect, it } from 'vitest';
import type { Model, ModelSpec } from '#api/types/generated/model';
import { modelSummary, planModel } from './plan.ts';

const model = (spec: ModelSpec): Model => ({
  apiVersion: 'agent.wecode.io/v1',
  kind: 'Model',
  metadata: { name: 'm', namespace: 'ns' },
  spec,
});
const env = (values: Record<string, unknown>): ModelSpec => ({ modelConfig: { env: values } });
const keys = (...names: string[]) => ({ keys: new Set(names), unsendable: new Set<string>() });

describe('planModel', () => {
  const cases = [
    { reason: 'complete', spec: env({ model: 'claude', model_id: 'x', api_key: 'k' }), want: 'Valid' },
    {
      reason: 'the variables of Claude Code',
      spec: env({ ANTHROPIC_MODEL: 'x', ANTHROPIC_AUTH_TOKEN: 'k' }),
      want: 'Valid',
    },
    { reason: 'no id', spec: env({ api_key: 'k' }), want: 'InvalidConfig', text: 'no model id' },
    {
      reason: 'a speech model needs no id',
      spec: { ...env({ api_key: 'k' }), modelType: 'tts' } satisfies ModelSpec,
      want: 'Valid',
    },
    {
      reason: 'another protocol',
      spec: { ...env({ model_id: 'x', api_key: 'k' }), protocol: 'gemini' },
      want: 'UnsupportedProtocol',
      text: '"gemini"',
    },
    {
      reason: 'no http URL, and it is not repeated',
      spec: env({ model_id: 'x', api_key: 'k', base_url: 'ftp://h?key=hush' }),
      want: 'InvalidConfig',
      text: 'http or https',
      not: 'hush',
    },
    {
      reason: 'not a URL',
      spec: env({ model_id: 'x', api_key: 'k', base_url: 'h:80/v1 ' }),
      want: 'InvalidConfig',
    },
    {
      reason: 'a password in the URL is not repeated',
      spec: env({ model_id: 'x', api_key: 'k', base_url: 'http://u:hush@h' }),
      want: 'InvalidConfig',
      not: 'hush',
    },
    {
      reason: 'no credential',
      spec: env({ model_id: 'x' }),
      want: 'CredentialMissing',
      text: 'spec.secretRef',
    },
    {
      reason: 'no Secret',
      spec: { ...env({ model_id: 'x' }), secretRef: { name: 's' } },
      want: 'SecretNotFound',
      text: '"ns/s"',
    },
    {
      reason: 'an empty Secret',
      spec: { ...env({ model_id: 'x' }), secretRef: { name: 's' } },
      secret: keys('other'),
      want: 'SecretKeyMissing',
      text: '"api_key"',
    },
    {
      reason: 'a Secret with the key',
      spec: { ...env({ model_id: 'x' }), secretRef: { name: 's', key: 'k' } },
      secret: keys('k'),
      want: 'Valid',
    },
    {
      reason: 'a Secret whose key no header can hold',
      spec: { ...env({ model_id: 'x' }), secretRef: { name: 's', key: 'k' } },
      secret: { keys: new Set(['k']), unsendable: new Set(['k']) },
      want: 'CredentialInvalid',
      text: 'spec.secretRef: the value of "k" in Secret "ns/s" has a character',
    },
    {
      reason: 'a key with a character beyond ASCII, which is not repeated',
      spec: env({ model_id: 'x', api_key: 'hush-\u{7ffb}' }),
      want: 'CredentialInvalid',
      text: 'spec.modelConfig.env: the API key has a character',
      not: 'hush',
    },
    {
      reason: 'a line that is no header, and is not repeated',
      spec: env({ model_id: 'x', api_key: 'k', ANTHROPIC_CUSTOM_HEADERS: 'A: b\nhush' }),
      want: 'InvalidConfig',
      text: 'line 2 of ANTHROPIC_CUSTOM_HEADERS',
      not: 'hush',
    },
  ];
  it.each(cases)('$reason', ({ spec, secret, want, text = '', not }) => {
    const condition = planModel(model(spec), secret);
    expect(condition.reason).toBe(want);
    expect(condition.message).toContain(text);
    if (not !== undefined) expect(condition.message).not.toContain(not);
  });
});

it.each([
  ['model_id', { model: 'claude', model_id: 'x' }, { protocol: 'anthropic', modelId: 'x' }],
  ['the variables of Claude Code', { ANTHROPIC_MODEL: 'x' }, { protocol: 'anthropic', modelId: 'x' }],
  ['those of OpenAI', { OPENAI_MODEL: 'x', OPENAI_API_KEY: 'k' }, { protocol: 'openai', modelId: 'x' }],
  ['an application of Dify', { DIFY_API_KEY: 'k' }, { protocol: 'dify' }],
])('the columns of a Model: %s', (_reason, values, summary) => {
  expect(modelSummary(model(env(values)))).toEqual(summary);
});

it('the columns of a Model with a protocol that nobody knows say so', () => {
  expect(modelSummary(model({ ...env({ model_id: 'x' }), protocol: 'gemini' }))).toEqual({
    protocol: 'gemini',
    modelId: 'x',
  });
});
