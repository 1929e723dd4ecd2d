import path from 'node:path';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApi } from '../../kit/api.ts';
import type { CommandResult } from '../../kit/command.ts';
import { kubectlApi } from '../../kit/kubectl-api.ts';
import type { KubectlApi } from '../../kit/kubectl-api.ts';
import { CORE, REVIEWS, SECRETS, serviceAccounts } from './service-accounts.ts';

let server: KubectlApi;
let api: TestApi;

beforeAll(async () => {
  server = await kubectlApi();
  ({ api } = server);
});
afterAll(() => server[Symbol.asyncDispose]());

const { made, account, request, tokenOf, holder, review } = serviceAccounts(() => api);

const kubectl = (args: string[]): Promise<CommandResult> => server.kubectl(args);

describe('TokenRequest', () => {
  it('hands out a token in the form of kube-apiserver', async () => {
    const uid = await account('form');
    const before = Math.floor(Date.now() / 1000);
    const answer = await request('form', { expirationSeconds: 1200 });
    expect(answer.json()).toMatchObject({
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { name: 'form', namespace: 'default' },
      spec: { audiences: ['https://troupe.internal'], expirationSeconds: 1200 },
    });
    const { token, expirationTimestamp } = (
      JSON.parse(answer.text) as { status: { token: string; expirationTimestamp: string } }
    ).status;
    const claims = decodeJwt(token);
    expect(claims).toEqual({
      iss: 'https://troupe.internal',
      sub: 'system:serviceaccount:default:form',
      aud: ['https://troupe.internal'],
      iat: claims.nbf,
      nbf: claims.nbf,
      exp: (claims.nbf ?? 0) + 1200,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      'kubernetes.io': { namespace: 'default', serviceaccount: { name: 'form', uid } },
    });
    expect(claims.nbf).toBeGreaterThanOrEqual(before);
    expect(Date.parse(expirationTimestamp) / 1000).toBeLessThanOrEqual(claims.exp ?? 0);
    expect(await holder(token)).toBe('system:serviceaccount:default:form');
  });

  it.each([
    [
      { expirationSeconds: 599 },
      422,
      'spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
    ],
    [{ expirationSeconds: 2 ** 32 + 1 }, 422, 'may not specify a duration larger than 2^32 seconds'],
    [{ expirationSeconds: 'long' }, 422, 'spec.expirationSeconds'],
    [{ audiences: [1] }, 422, 'spec.audiences[0]'],
    [
      { attestations: { a: ['b'] } },
      422,
      'attestations may only be specified with a webhook bound object reference',
    ],
    [
      { boundObjectRef: { kind: 'ConfigMap', apiVersion: 'v1', name: 'x' } },
      400,
      'cannot bind token to object of type /v1, Kind=ConfigMap',
    ],
    [
      { boundObjectRef: { kind: 'Pod', apiVersion: 'apps/v1', name: 'x' } },
      400,
      'cannot bind token to object of type apps/v1, Kind=Pod',
    ],
    [{ boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 'none' } }, 404, 'secrets "none" not found'],
    [{ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'none' } }, 404, 'pods "none" not found'],
    [
      { boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 'refusals', uid: 'other' } },
      409,
      'Operation cannot be fulfilled on Secret "refusals": the UID in the bound object reference (other) does not match the UID in record. The object might have been deleted and then recreated',
    ],
  ])('refuses %j with %d', async (spec, code, message) => {
    await api.send(`${CORE}/serviceaccounts`, { method: 'POST', body: { metadata: { name: 'refusals' } } });
    await api.send(SECRETS, { method: 'POST', body: { metadata: { name: 'refusals' } } });
    const answer = await request('refusals', spec);
    expect(answer.status, answer.text).toBe(code);
    expect((JSON.parse(answer.text) as { message: string }).message).toContain(message);
  });

  it.each([
    [
      { metadata: { name: 'other' } },
      'metadata.name: Invalid value: "other": must match the service account name if specified',
    ],
    [
      { metadata: { namespace: 'other' } },
      'metadata.namespace: Invalid value: "other": must match the service account namespace if specified',
    ],
  ])('refuses %j for another place', async (body, message) => {
    await api.send(`${CORE}/serviceaccounts`, { method: 'POST', body: { metadata: { name: 'place' } } });
    const answer = await api.send(`${CORE}/serviceaccounts/place/token`, { method: 'POST', body });
    expect([answer.status, answer.text]).toEqual([
      422,
      expect.stringContaining(JSON.stringify(message).slice(1, -1)),
    ]);
  });

  it('shortens a life that is too long, with a warning', async () => {
    await account('long');
    const answer = await request('long', { expirationSeconds: 2 ** 31 });
    const year = 365 * 24 * 60 * 60;
    expect(answer.json()).toMatchObject({ spec: { expirationSeconds: year } });
    expect(answer.headers['warning']).toContain(
      `299 - "requested expiration of ${2 ** 31} seconds shortened to ${year} seconds"`,
    );
  });

  it('is a create and nothing else, of accounts that are there', async () => {
    for (const method of ['GET', 'PUT', 'DELETE'] as const) {
      expect((await api.send(`${CORE}/serviceaccounts/form/token`, { method })).status, method).toBe(405);
    }
    expect((await request('nobody')).text).toContain('serviceaccounts \\"nobody\\" not found');
    expect((await api.send(`${SECRETS}/x/token`, { method: 'POST', body: {} })).status).toBe(404);
  });
});

describe('kubectl create token', () => {
  it('takes all its flags', async () => {
    await account('robot');
    const uid = await made(SECRETS, 'tied');
    const { stdout, stderr } = await kubectl([
      ...['create', 'token', 'robot', '--duration=20m', '--audience=one', '--audience=two'],
      ...['--bound-object-kind=Secret', '--bound-object-name=tied', `--bound-object-uid=${uid}`],
    ]);
    expect(stderr).toBe('');
    const claims = decodeJwt(stdout.trim());
    expect(claims.aud).toEqual(['one', 'two']);
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(1200);
    expect(claims['kubernetes.io']).toMatchObject({ secret: { name: 'tied', uid } });
    const yaml = await kubectl(['create', 'token', 'robot', '-o', 'yaml']);
    expect(yaml.stdout).toContain('kind: TokenRequest');
    const short = await kubectl(['create', 'token', 'robot', '--duration=1m']);
    expect(short.stderr).toContain('may not specify a duration less than 10 minutes');
  });
});

describe('a token ends', () => {
  it('with its account, also when one of the same name comes', async () => {
    await account('gone');
    const token = await tokenOf('gone');
    expect(await holder(token)).toBe('system:serviceaccount:default:gone');
    await api.send(`${CORE}/serviceaccounts/gone`, { method: 'DELETE' });
    expect(await holder(token)).toBeUndefined();
    await account('gone');
    expect(await holder(token)).toBeUndefined();
    expect((await review(token)).error).toMatch(
      /service account UID \([^)]+\) does not match claim \([^)]+\)/,
    );
  });

  it('with the Secret, and with the Sandbox seen as a Pod, that it is bound to', async () => {
    await account('bound');
    await made(SECRETS, 'one');
    await made('/apis/agent.wecode.io/v1alpha1/namespaces/default/sandboxes', 'run', SANDBOX);
    for (const [kind, place] of [
      ['Secret', `${SECRETS}/one`],
      ['Pod', '/apis/agent.wecode.io/v1alpha1/namespaces/default/sandboxes/run'],
    ] as const) {
      const name = path.basename(place);
      const token = await tokenOf('bound', { boundObjectRef: { kind, apiVersion: 'v1', name } });
      expect(await holder(token)).toBe('system:serviceaccount:default:bound');
      const { user } = await review(token);
      expect('authentication.kubernetes.io/pod-name' in (user as { extra: object }).extra).toBe(
        kind === 'Pod',
      );
      await api.send(place, { method: 'DELETE' });
      expect(await holder(token), kind).toBeUndefined();
      expect((await review(token)).error).toContain('service account token has been invalidated');
    }
  });
});

const SANDBOX = {
  apiVersion: 'agent.wecode.io/v1alpha1',
  kind: 'Sandbox',
  spec: { timeoutSeconds: 10, probe: { image: {} }, shell: { type: 'ClaudeCode' } },
};

describe('TokenReview', () => {
  it('says who and for whom', async () => {
    const uid = await account('reviewed');
    const token = await tokenOf('reviewed', { audiences: ['vault', 'https://troupe.internal'] });
    expect(await review(token)).toEqual({
      authenticated: true,
      audiences: ['https://troupe.internal'],
      user: {
        username: 'system:serviceaccount:default:reviewed',
        uid,
        groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
        extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${decodeJwt(token).jti}`] },
      },
    });
    expect(await review(token, ['vault', 'other'])).toMatchObject({
      authenticated: true,
      audiences: ['vault'],
    });
    expect((await review(token, ['other'])).error).toBe(
      '[invalid bearer token, token audiences ["vault" "https://troupe.internal"] is invalid for the target audiences ["other"]]',
    );
  });

  it('knows tokens that are for nobody else: they are for this server', async () => {
    expect(await review(api.token)).toMatchObject({
      authenticated: true,
      audiences: ['https://troupe.internal'],
      user: { username: 'troupe-admin' },
    });
    expect((await review(api.token, ['vault'])).authenticated).toBeUndefined();
  });

  it('needs a token', async () => {
    const answer = await api.send(REVIEWS, { method: 'POST', body: { spec: {} } });
    expect([answer.status, answer.text]).toEqual([
      400,
      expect.stringContaining('token is required for TokenReview in authentication'),
    ]);
  });
});

describe('others', () => {
  it('verify tokens with the keys that are published', async () => {
    await account('verified');
    const token = await tokenOf('verified', { audiences: ['vault'] });
    const discovery = await api.send('/.well-known/openid-configuration');
    expect(discovery.headers['content-type']).toBe('application/json');
    expect(discovery.json()).toEqual({
      issuer: 'https://troupe.internal',
      jwks_uri: 'https://troupe.internal/openid/v1/jwks',
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
    });
    const keys = await api.send('/openid/v1/jwks');
    expect(keys.headers['content-type']).toBe('application/jwk-set+json');
    expect(keys.headers['cache-control']).toBe('public, max-age=3600');
    expect(keys.text).not.toContain('"d":');
    const set = createLocalJWKSet(JSON.parse(keys.text) as Parameters<typeof createLocalJWKSet>[0]);
    const { payload } = await jwtVerify(token, set, { audience: 'vault', issuer: 'https://troupe.internal' });
    expect(payload.sub).toBe('system:serviceaccount:default:verified');
  });
});
