import { describe, expect, it } from 'vitest';
import { answerHeaders, callHeaders } from './call-headers.ts';
import { secretsOf } from './credential-headers.ts';
import type { RealModel } from './credential-headers.ts';

const model = (more: Partial<RealModel> = {}): RealModel => ({ protocol: 'anthropic', headers: {}, ...more });
const key = { value: 'sk-1', form: 'key' } as const;

describe('the headers of a call', () => {
  it.each<[string, Partial<RealModel>, Record<string, string>]>([
    ['a key for Anthropic', { credential: key }, { 'x-api-key': 'sk-1' }],
    ['a key for OpenAI', { protocol: 'openai', credential: key }, { authorization: 'Bearer sk-1' }],
    [
      'a key for Azure',
      { protocol: 'openai-responses', baseURL: 'https://x.openai.azure.com/openai/v1', credential: key },
      { 'api-key': 'sk-1' },
    ],
    ['a bearer token', { credential: { value: 't', form: 'bearer' } }, { authorization: 'Bearer t' }],
    [
      'a subscription',
      { credential: { value: 't', form: 'subscription' } },
      { authorization: 'Bearer t', 'anthropic-beta': 'oauth-2025-04-20' },
    ],
    ['headers of a gateway', { headers: { 'x-team': 'a' } }, { 'x-team': 'a' }],
    [
      'a gateway with a credential of its own form',
      { credential: key, headers: { 'x-api-key': 'other' } },
      { 'x-api-key': 'other' },
    ],
    ['nothing', {}, {}],
  ])('%s', (_, given, want) => {
    expect(callHeaders({}, model(given))).toEqual({ 'accept-encoding': 'identity', ...want });
  });

  it('keeps what the agent can do beside what its credential needs', () => {
    const credential = { value: 't', form: 'subscription' } as const;
    const { 'anthropic-beta': betas } = callHeaders({ 'anthropic-beta': 'a,b' }, model({ credential }));
    expect(betas).toBe('a,b,oauth-2025-04-20');
  });

  it.each([
    ['accept', true, 'what the agent understands'],
    ['x-stainless-retry-count', true, 'what a library tells of itself'],
    ['anthropic-beta', true, 'a feature of the service'],
    ['x-api-key', false, 'the token of the run'],
    ['authorization', false, 'the token of the run'],
    ['cookie', false, 'a credential'],
    ['x-client-request-id', false, 'the manager says who asks'],
    ['helicone-target-url', false, 'a gateway would send the key there'],
    ['x-portkey-config', false, 'a gateway would send the key elsewhere'],
    ['openai-organization', false, 'who pays'],
    ['transfer-encoding', false, 'of the connection'],
    ['x-forwarded-host', false, 'of a proxy'],
    [':path', false, 'of HTTP/2'],
  ])('%s goes on: %s (%s)', (name, want) => {
    expect(Object.hasOwn(callHeaders({ [name]: 'v' }, model()), name)).toBe(want);
  });

  it.each(['k\u{7ffb}', 'k\nx-other: v', 'k\u{e9}'])('%j is no key that can be sent', (value) => {
    const call = (): unknown => callHeaders({}, model({ credential: { value, form: 'key' } }));
    expect(call).toThrow('a character that no HTTP header can hold');
    expect(call).not.toThrow(value);
  });
});

it('the headers of an answer: nothing of the connection, no secret', () => {
  const given = {
    'content-type': 'application/json',
    'request-id': ['a', 'b'],
    'x-echo': 'Bearer sk-1-of-some-length',
    'content-length': '5',
    'transfer-encoding': 'chunked',
    'set-cookie': 'c=1',
  };
  expect(answerHeaders(given, (text) => text.replace('sk-1-of-some-length', '[redacted]'))).toEqual({
    'content-type': 'application/json',
    'request-id': 'a, b',
    'x-echo': 'Bearer [redacted]',
  });
});

it('the secrets of a Model: those of its headers too, the longest first, no short ones', () => {
  const headers = { authorization: 'Bearer token-of-a-gateway', 'x-team': 'a' };
  expect(secretsOf(model({ credential: { value: 'sk-123456', form: 'key' }, headers }))).toEqual([
    'Bearer token-of-a-gateway',
    'token-of-a-gateway',
    'sk-123456',
  ]);
});
