import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { serviceAccounts } from './service-accounts.ts';

let api: TestApi;
const { account, tokenOf, holder, review } = serviceAccounts(() => api);

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
  /** Tokens that only the server can sign, and yet must refuse. */
  let own: KeyObject;

  beforeAll(async () => {
    api = await testApi();
    await account('target');
    good = await tokenOf('target');
    header = decodeProtectedHeader(good) as typeof header;
    claims = decodeJwt(good);
    published = (await api.send('/openid/v1/jwks')).json() as unknown as typeof published;
    const ring = JSON.parse(await readFile(path.join(api.dataDir, 'service-account-keys'), 'utf8')) as {
      keys: { key: JsonWebKey }[];
    };
    own = createPrivateKey({ key: ring.keys[0]?.key ?? {}, format: 'jwk' });
  });
  afterAll(() => api[Symbol.asyncDispose]());

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
