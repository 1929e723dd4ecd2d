import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import type { TemporaryFolder } from '#dev/environment/temporary-folder';
import { testApi } from '../../kit/api.ts';
import type { ApiAnswer, TestApi } from '../../kit/api.ts';
import { commandsFor } from '../../kit/command.ts';
import type { CommandResult } from '../../kit/command.ts';

let api: TestApi;
let home: TemporaryFolder;

beforeAll(async () => {
  api = await testApi();
  home = await temporaryFolder('kubectl-home');
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
});

const CORE = '/api/v1/namespaces/default';
const SECRETS = `${CORE}/secrets`;
const TASKS = '/apis/agent.wecode.io/v1/namespaces/default/tasks';
const REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews';

const kubectl = (args: string[]): Promise<CommandResult> =>
  commandsFor(api.kubeconfig).kubectl(args, { env: { HOME: home.path } });

async function made(path: string, name: string, more: object = {}): Promise<string> {
  const answer = await api.send(path, { method: 'POST', body: { metadata: { name }, ...more } });
  expect(answer.status, answer.text).toBe(201);
  return read<{ metadata: { uid: string } }>(answer).metadata.uid;
}
const account = (name: string): Promise<string> => made(`${CORE}/serviceaccounts`, name);

const request = (name: string, spec: object = {}): Promise<ApiAnswer> =>
  api.send(`${CORE}/serviceaccounts/${name}/token`, {
    method: 'POST',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec },
  });

async function tokenOf(name: string, spec: object = {}): Promise<string> {
  const answer = await request(name, spec);
  expect(answer.status, answer.text).toBe(201);
  return read<{ status: { token: string } }>(answer).status.token;
}

const read = <T>(answer: ApiAnswer): T => JSON.parse(answer.text) as T;

/** Who the server takes the holder for, by the words of its refusal; undefined for nobody. */
async function holder(token: string): Promise<string | undefined> {
  const answer = await api.send(TASKS, { token });
  if (answer.status === 401) {
    expect(answer.json()).toMatchObject({ message: 'Unauthorized', reason: 'Unauthorized' });
    return undefined;
  }
  expect(answer.status).toBe(403);
  return /User "([^"]+)"/.exec(answer.text.replaceAll('\\"', '"'))?.[1];
}

interface Review {
  status: { authenticated?: boolean; user: object; audiences?: string[]; error?: string };
}
async function review(token: string, audiences?: string[]): Promise<Review['status']> {
  const body = { spec: { token, ...(audiences && { audiences }) } };
  const answer = await api.send(REVIEWS, { method: 'POST', body });
  expect(answer.status, answer.text).toBe(201);
  return read<Review>(answer).status;
}

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
    const { token, expirationTimestamp } = read<{ status: { token: string; expirationTimestamp: string } }>(
      answer,
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
    expect(read<{ message: string }>(answer).message).toContain(message);
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

describe('a token is refused', () => {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signed = (header: object, claims: object, key: KeyObject): string => {
    const text = `${encode(header)}.${encode(claims)}`;
    return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  };
  const hmac = (header: object, claims: object, secret: string): string => {
    const text = `${encode({ ...header, alg: 'HS256' })}.${encode(claims)}`;
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  };
  let good: string;
  let header: { kid: string; alg: string };
  let claims: Record<string, unknown>;
  let published: { keys: JsonWebKey[] };
  /** What only the server has: tokens that it signs and yet must refuse. */
  let own: KeyObject;

  beforeAll(async () => {
    await account('target');
    good = await tokenOf('target');
    header = decodeProtectedHeader(good) as typeof header;
    claims = decodeJwt(good);
    published = (await api.send('/openid/v1/jwks')).json() as unknown as typeof published;
    const ring = JSON.parse(await readFile(path.join(api.dataDir, 'service-account-keys'), 'utf8')) as {
      keys: { key: JsonWebKey }[];
    };
    const { createPrivateKey } = await import('node:crypto');
    own = createPrivateKey({ key: ring.keys[0]?.key ?? {}, format: 'jwk' });
  });

  it('though the one it is made of is good', async () => {
    expect(await holder(good)).toBe('system:serviceaccount:default:target');
    expect(await holder(signed(header, claims, own))).toBe('system:serviceaccount:default:target');
  });

  const now = (): number => Math.floor(Date.now() / 1000);
  const kubernetes = (change: object): object => ({
    ...claims,
    'kubernetes.io': { ...(claims['kubernetes.io'] as object), ...change },
  });
  const CASES: readonly (readonly [reason: string, make: () => string])[] = [
    ['alg none', () => `${encode({ ...header, alg: 'none' })}.${encode(claims)}.`],
    [
      'alg none with a signature',
      () => `${encode({ ...header, alg: 'none' })}.${good.split('.').slice(1).join('.')}`,
    ],
    ['no signature', () => `${good.split('.').slice(0, 2).join('.')}.`],
    ['another key', () => signed(header, claims, other.privateKey)],
    ['another key under its own name', () => signed({ ...header, kid: 'evil' }, claims, other.privateKey)],
    [
      'another key that comes along',
      () => signed({ ...header, jwk: other.publicKey.export({ format: 'jwk' }) }, claims, other.privateKey),
    ],
    ['HMAC with the published key', () => hmac(header, claims, JSON.stringify(published.keys[0]))],
    ['HMAC with the public key in PEM', () => hmac(header, claims, pem(published.keys[0] ?? {}))],
    ['HMAC with an empty key', () => hmac(header, claims, '')],
    ['kid of a file', () => hmac({ ...header, kid: '/dev/null' }, claims, '')],
    ['kid of a query', () => signed({ ...header, kid: "' OR 1=1 --" }, claims, own)],
    ['no kid', () => signed({ alg: 'ES256' }, claims, own)],
    ['another issuer', () => signed(header, { ...claims, iss: 'https://evil.example' }, own)],
    ['another audience', () => signed(header, { ...claims, aud: ['https://other.example'] }, own)],
    ['no audience', () => signed(header, { ...claims, aud: undefined }, own)],
    ['an empty audience', () => signed(header, { ...claims, aud: [] }, own)],
    ['its end is over', () => signed(header, { ...claims, exp: now() - 1 }, own)],
    ['it has no end', () => signed(header, { ...claims, exp: undefined }, own)],
    ['it is not valid yet', () => signed(header, { ...claims, nbf: now() + 3600 }, own)],
    [
      'another subject',
      () => signed(header, { ...claims, sub: 'system:serviceaccount:kube-system:target' }, own),
    ],
    ['the owner as subject', () => signed(header, { ...claims, sub: 'troupe-admin' }, own)],
    ['another namespace', () => signed(header, kubernetes({ namespace: 'system' }), own)],
    ['another uid', () => signed(header, kubernetes({ serviceaccount: { name: 'target', uid: 'x' } }), own)],
    [
      'a bound object that never was',
      () => signed(header, kubernetes({ pod: { name: 'x', uid: 'x' } }), own),
    ],
    ['a bound object without uid', () => signed(header, kubernetes({ secret: { name: 'x' } }), own)],
    ['no claim of ours', () => signed(header, { ...claims, 'kubernetes.io': undefined }, own)],
    ['17 KiB', () => `${good}${'A'.repeat(17 * 1024 - good.length)}`],
    ['many dots', () => '.'.repeat(8000)],
    ['a huge header', () => signed({ ...header, x: 'x'.repeat(5000) }, claims, own)],
    ['brackets', () => `${Buffer.from('['.repeat(5000)).toString('base64url')}.e30.AA`],
    ['a text', () => 'x'],
  ];
  const pem = (key: JsonWebKey): string =>
    createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString();

  it.each(CASES)('%s', async (_reason, make) => {
    expect(await holder(make())).toBeUndefined();
  });

  it.each(CASES)('by TokenReview: %s', async (_reason, make) => {
    const { authenticated, user, error } = await review(make());
    expect([authenticated, user, error]).toEqual([
      undefined,
      {},
      expect.stringContaining('invalid bearer token'),
    ]);
  });
});

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
