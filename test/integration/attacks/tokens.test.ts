import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { login, makeUser, USERS } from '../users/people.ts';
import type { Login } from '../users/people.ts';
import { sendRaw } from './raw-request.ts';

/** Tokens of sessions, forged by somebody who has one of his own, and some that even the key of the server does not make good. */

let api: TestApi;
let own: KeyObject;
let session: Login;
let header: Record<string, unknown>;
let claims: Record<string, unknown>;
/** Where the headers `jku` and `x5u` lead. */
const lured = { calls: 0, url: '' };
const trap = createServer((_request, response) => {
  lured.calls += 1;
  response.end('{"keys":[]}');
});
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });

beforeAll(async () => {
  api = await testApi();
  await makeUser(api, 'eve');
  await makeUser(api, 'root', { spec: { groups: ['troupe:admins'] } });
  session = await login(api, 'eve');
  header = decodeProtectedHeader(session.access_token);
  claims = decodeJwt(session.access_token);
  const ring = JSON.parse(await readFile(path.join(api.dataDir, 'account-keys'), 'utf8')) as {
    keys: { key: JsonWebKey }[];
  };
  own = createPrivateKey({ key: ring.keys[0]?.key ?? {}, format: 'jwk' });
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
  lured.url = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/keys`;
});
afterAll(async () => {
  trap.close();
  await api[Symbol.asyncDispose]();
});

const base64 = (value: string | Uint8Array): string => Buffer.from(value).toString('base64url');
const encode = (value: unknown): string => base64(typeof value === 'string' ? value : JSON.stringify(value));

function signed(head: unknown, body: unknown, key: KeyObject = own): string {
  const text = `${encode(head)}.${encode(body)}`;
  return `${text}.${base64(sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }))}`;
}

function hmac(head: object, secret: string | Buffer): string {
  const text = `${encode({ ...head, alg: 'HS256' })}.${encode({ ...claims, sub: 'root' })}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

const publicPem = (): string => createPublicKey(own).export({ type: 'spki', format: 'pem' }).toString();
const jwk = (): JsonWebKey => other.publicKey.export({ format: 'jwk' });
const part = (at: number): string => session.access_token.split('.')[at] ?? '';
const now = (): number => Math.floor(Date.now() / 1000);

/** As whom a token counts; undefined where it does not. */
async function holder(token: string): Promise<string | undefined> {
  const { status, text } = await sendRaw(api, { target: '/api/users/me', token });
  if (status === 200) return /"user_name":"([^"]*)"/.exec(text)?.[1] ?? 'somebody';
  expect([400, 401, 431], text.slice(0, 300)).toContain(status);
  return undefined;
}

describe('a token of a session', () => {
  it('is good, and so is what the key of the server signs: the cases below differ in one thing', async () => {
    expect(await holder(session.access_token)).toBe('eve');
    expect(await holder(signed(header, claims))).toBe('eve');
  });

  it.each<[string, () => string]>([
    ['alg none', () => `${encode({ ...header, alg: 'none' })}.${part(1)}.`],
    ['alg None', () => `${encode({ ...header, alg: 'None' })}.${part(1)}.${part(2)}`],
    ['alg as a list', () => signed({ ...header, alg: ['ES256', 'none'] }, claims)],
    ['alg missing', () => signed({ kid: header['kid'], typ: header['typ'] }, claims)],
    ['HMAC with the public key in PEM', () => hmac(header, publicPem())],
    [
      'HMAC with the public key in DER',
      () => hmac(header, createPublicKey(own).export({ type: 'spki', format: 'der' })),
    ],
    ['HMAC with nothing', () => hmac(header, '')],
    ['another key', () => signed(header, { ...claims, sub: 'root' }, other.privateKey)],
    [
      'a signature of zeros',
      () => `${part(0)}.${encode({ ...claims, sub: 'root' })}.${base64(Buffer.alloc(64))}`,
    ],
    ['no signature', () => `${part(0)}.${part(1)}.`],
    ['another signature of ours', () => `${part(0)}.${encode({ ...claims, sub: 'root' })}.${part(2)}`],
    ['a key that comes along (jwk)', () => signed({ ...header, jwk: jwk() }, claims, other.privateKey)],
    [
      'a key that comes along, by its kid',
      () => signed({ ...header, kid: 'x', jwk: jwk() }, claims, other.privateKey),
    ],
    [
      'a certificate that comes along (x5c)',
      () => signed({ ...header, x5c: ['AAAA'] }, claims, other.privateKey),
    ],
    ['keys elsewhere (jku)', () => signed({ ...header, kid: 'x', jku: lured.url }, claims, other.privateKey)],
    [
      'a certificate elsewhere (x5u)',
      () => signed({ ...header, kid: 'x', x5u: lured.url }, claims, other.privateKey),
    ],
    [
      'an issuer elsewhere',
      () => signed({ ...header, kid: 'x' }, { ...claims, iss: lured.url }, other.privateKey),
    ],
    ['crit that nobody knows', () => signed({ ...header, crit: ['x'], x: 1 }, claims)],
    ['crit without its header', () => signed({ ...header, crit: ['exp'] }, claims)],
    ['crit that is empty', () => signed({ ...header, crit: [] }, claims)],
    ['a payload as it is (b64)', () => signed({ ...header, b64: false, crit: ['b64'] }, claims)],
    ['kid of a file', () => signed({ ...header, kid: '../../../../dev/null' }, claims)],
    ['kid of the prototype', () => signed({ ...header, kid: '__proto__' }, claims)],
    ['kid of a query', () => signed({ ...header, kid: "' OR 1=1 --" }, claims)],
    ['kid as a list', () => signed({ ...header, kid: [header['kid']] }, claims)],
    ['no kid', () => signed({ alg: 'ES256', typ: header['typ'] }, claims)],
    ['the type of any JWT', () => signed({ ...header, typ: 'JWT' }, claims)],
    ['the type of a device', () => signed({ ...header, typ: 'device+jwt' }, claims)],
    ['the token of a device', () => session.device_token],
    ['the token that renews', () => session.refresh_token],
    ['the audience of a login', () => signed(header, { ...claims, aud: 'troupe:login' })],
    ['the audience of others', () => signed(header, { ...claims, aud: 'https://troupe.internal' })],
    ['no audience', () => signed(header, { ...claims, aud: undefined })],
    ['the issuer of ServiceAccounts', () => signed(header, { ...claims, iss: 'https://troupe.internal' })],
    ['another user with this session', () => signed(header, { ...claims, sub: 'root' })],
    ['another uid', () => signed(header, { ...claims, uid: 'x' })],
    ['no uid', () => signed(header, { ...claims, uid: undefined })],
    ['a uid that is a list', () => signed(header, { ...claims, uid: [claims['uid']] })],
    ['another session', () => signed(header, { ...claims, sid: 'AAAAAAAAAAAAAAAAAAAAAA' })],
    ['a session with a path', () => signed(header, { ...claims, sid: '../eve' })],
    ['a subject of the system', () => signed(header, { ...claims, sub: 'system:apiserver' })],
    ['its end is over', () => signed(header, { ...claims, exp: now() - 1 })],
    ['no end', () => signed(header, { ...claims, exp: undefined })],
    ['an end that is a text', () => signed(header, { ...claims, exp: '9999999999' })],
    ['it begins later', () => signed(header, { ...claims, nbf: now() + 3600 })],
    [
      'claims twice, the last of another',
      () => signed(header, JSON.stringify(claims).replace('}', ',"sub":"root"}')),
    ],
    ['claims that are a list', () => signed(header, [claims])],
    ['claims that are null', () => signed(header, 'null')],
    ['a header that is a list', () => signed([header], claims)],
    [
      'a header twice, the last of none',
      () => signed(JSON.stringify(header).replace('}', ',"alg":"none"}'), claims),
    ],
    [
      'a prototype in the claims',
      () =>
        signed(
          header,
          JSON.stringify({ ...claims, sub: undefined }).replace('{', '{"__proto__":{"sub":"root"},'),
        ),
    ],
    ['five parts, as an encrypted one', () => `${part(0)}.AA.AA.${part(1)}.${part(2)}`],
    [
      'JSON in place of text',
      () => JSON.stringify({ payload: part(1), signatures: [{ protected: part(0), signature: part(2) }] }),
    ],
    ['a mebibyte', () => `${part(0)}.${'A'.repeat(1024 * 1024)}.${part(2)}`],
    ['what just fits into a header', () => `${part(0)}.${'A'.repeat(15_000)}.${part(2)}`],
    ['a header of brackets', () => `${base64('['.repeat(2_900))}.${part(1)}.${part(2)}`],
    ['claims of brackets', () => `${part(0)}.${base64('{"a":'.repeat(700))}.${part(2)}`],
    ['a bomb in DEFLATE', () => signed({ ...header, zip: 'DEF' }, 'x')],
    ['dots', () => '.'.repeat(4_000)],
    ['a byte of nothing in it', () => `${session.access_token}%00`],
    ['twice the same', () => `${session.access_token}${session.access_token}`],
  ])('is refused with %s', async (_what, make) => {
    expect(await holder(make())).toBeUndefined();
  });

  it('lets nobody make the server call an address', () => {
    expect(lured.calls).toBe(0);
  });

  it('of a deleted User is not that of the next one, nor does it come back with him', async () => {
    await makeUser(api, 'gone');
    const { access_token: token } = await login(api, 'gone');
    expect(await holder(token)).toBe('gone');
    await api.send(`${USERS}/gone`, { method: 'DELETE' });
    expect(await holder(token)).toBeUndefined();
    await makeUser(api, 'gone');
    expect(await holder(token)).toBeUndefined();
  });
});
