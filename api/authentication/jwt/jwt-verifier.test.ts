import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../machinery/manual-clock.ts';
import { createJwtVerifier } from './jwt-verifier.ts';
import type { JwtVerifier } from './jwt-verifier.ts';
import type { VerifyingKey } from '../../machinery/users/signing-keys.ts';

const NOW = 1_900_000_000;
const ISSUER = 'https://issuer.example';
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const KEY: VerifyingKey = { kid: 'one', algorithm: 'ES256', publicKey: pair.publicKey };
const CLAIMS = { iss: ISSUER, exp: NOW + 600, nbf: NOW, sub: 'alice' };

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function jwt(claims: object, header: object = {}, key: KeyObject = pair.privateKey): string {
  const text = `${encode({ alg: 'ES256', kid: 'one', ...header })}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

/** Signed with a text that everybody knows: the public key, in the forms in which it is published. */
function hmac(secret: Buffer | string): string {
  const text = `${encode({ alg: 'HS256', kid: 'one' })}.${encode(CLAIMS)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

interface Bench {
  verifier: JwtVerifier;
  keys: Map<string, VerifyingKey>;
  clock: ReturnType<typeof createManualClock>;
  looked: string[];
}

function bench(cacheSize?: number): Bench {
  const keys = new Map([[KEY.kid, KEY]]);
  const clock = createManualClock(NOW * 1000);
  const looked: string[] = [];
  const source = {
    get: (kid: string) => keys.get(kid),
    find(kid: string) {
      looked.push(kid);
      return Promise.resolve(keys.get(kid));
    },
  };
  const size = cacheSize === undefined ? {} : { cacheSize };
  return {
    verifier: createJwtVerifier({ keys: source, issuers: [ISSUER], clock, ...size }),
    keys,
    clock,
    looked,
  };
}

it('knows a token of its own', async () => {
  expect(await bench().verifier.verify(jwt(CLAIMS))).toEqual(CLAIMS);
});

const spki = { type: 'spki', format: 'pem' } as const;
const unsigned = (alg: unknown): string => `${encode({ alg, kid: 'one' })}.${encode(CLAIMS)}`;

describe('refuses', () => {
  it.each([
    ['the algorithm none, without a signature', `${unsigned('none')}.`],
    ['the algorithm none, with one', `${unsigned('none')}.AAAA`],
    ['the same in capitals', `${unsigned('NONE')}.AAAA`],
    ['no algorithm', `${unsigned(undefined)}.AAAA`],
    ['a list of algorithms', `${unsigned(['ES256'])}.AAAA`],
    ['HMAC with the public key in PEM (key confusion)', hmac(pair.publicKey.export(spki))],
    ['HMAC with the public key in DER', hmac(pair.publicKey.export({ type: 'spki', format: 'der' }))],
    ['HMAC with the public key as JWK', hmac(JSON.stringify(pair.publicKey.export({ format: 'jwk' })))],
    ['HMAC with nothing', hmac('')],
    ['another key under our name', jwt(CLAIMS, {}, other.privateKey)],
    ['an RSA signature under our name', jwt(CLAIMS, { alg: 'RS256' }, rsa.privateKey)],
    ['an algorithm that the key is not for', jwt(CLAIMS, { alg: 'ES384' })],
    [
      'a key in the header',
      jwt(CLAIMS, { jwk: other.publicKey.export({ format: 'jwk' }) }, other.privateKey),
    ],
    [
      'the address of keys in the header',
      jwt(CLAIMS, { jku: 'https://evil.example', kid: 'evil' }, other.privateKey),
    ],
    ['an unknown name', jwt(CLAIMS, { kid: 'two' })],
    ['no name', jwt(CLAIMS, { kid: undefined })],
    ['the name of a file', jwt(CLAIMS, { kid: '../../../dev/null' })],
    ['the name of a member of objects', jwt(CLAIMS, { kid: '__proto__' })],
    ['a name that is no text', jwt(CLAIMS, { kid: { toString: 'one' } })],
    ['a very long name', jwt(CLAIMS, { kid: 'k'.repeat(500) })],
    ['a header that must be understood', jwt(CLAIMS, { crit: ['exp'] })],
    ['a payload that is not encoded (RFC 7797)', jwt(CLAIMS, { crit: ['b64'], b64: false })],
    ['a signature of nothing', `${jwt(CLAIMS).split('.').slice(0, 2).join('.')}.AAAA`],
    ['a signature of zeros', `${jwt(CLAIMS).split('.').slice(0, 2).join('.')}.${'A'.repeat(86)}`],
    ['no end', jwt({ ...CLAIMS, exp: undefined })],
    ['an end that is no number', jwt({ ...CLAIMS, exp: '9999999999' })],
    ['an end in the past', jwt({ ...CLAIMS, exp: NOW - 1 })],
    ['an end at this moment', jwt({ ...CLAIMS, exp: NOW })],
    ['a beginning in the future', jwt({ ...CLAIMS, nbf: NOW + 61 })],
    ['a beginning that is no number', jwt({ ...CLAIMS, nbf: 'now' })],
  ])('%s', async (_reason, token) => {
    const { verifier } = bench();
    const judged = await verifier.verify(token).catch((error: unknown) => error);
    expect(judged === undefined || judged instanceof Error, String(judged)).toBe(true);
    // A token that was refused is not kept as a good one.
    const again = await verifier.verify(token).catch((error: unknown) => error);
    expect(again === undefined || again instanceof Error).toBe(true);
  });

  it.each([
    ['another issuer', jwt({ ...CLAIMS, iss: 'https://other.example' })],
    ['issuers', jwt({ ...CLAIMS, iss: [ISSUER] })],
    ['no JSON', `${encode('x')}.e30.AAAA`],
    ['two parts', 'a.b'],
    ['four parts', `${jwt(CLAIMS)}.AAAA`],
    ['many dots', '.'.repeat(16_000)],
    [
      'a nested JSON',
      `${encode({ alg: 'ES256' })}.${Buffer.from('['.repeat(6000)).toString('base64url')}.AAAA`,
    ],
    ['a long token', jwt({ ...CLAIMS, sub: 'x'.repeat(13_000) })],
    ['a long header', jwt(CLAIMS, { x5c: ['x'.repeat(2000)] })],
    ['a JWE', 'a.b.c.d.e'],
    ['nothing', ''],
  ])('leaves %s to others, and asks for no key', async (_reason, token) => {
    const { verifier, looked } = bench();
    expect(await verifier.verify(token)).toBeUndefined();
    expect(looked).toEqual([]);
  });

  it('whatever was changed in a token', async () => {
    const token = jwt(CLAIMS);
    const { verifier } = bench();
    await verifier.verify(token);
    const places = fc.integer({ min: 0, max: token.length - 1 });
    const characters = fc.constantFrom('A', 'B', 'z', '0', '-', '_', '.');
    await fc.assert(
      fc.asyncProperty(places, characters, async (at, character) => {
        const changed = token.slice(0, at) + character + token.slice(at + 1);
        const same = Buffer.from(changed.split('.')[2] ?? '', 'base64url').equals(
          Buffer.from(token.split('.')[2] ?? '', 'base64url'),
        );
        fc.pre(changed !== token && !(at > token.lastIndexOf('.') && same));
        const judged = await verifier.verify(changed).catch(() => undefined);
        expect(judged).toBeUndefined();
      }),
    );
  });
});

describe('remembers what it has verified', () => {
  it('and looks at the time again', async () => {
    const { verifier, clock, looked } = bench();
    const token = jwt(CLAIMS);
    await verifier.verify(token);
    await verifier.verify(token);
    expect(looked).toEqual(['one']);
    clock.advance(600_000);
    await expect(verifier.verify(token)).rejects.toThrow('the token has expired');
  });

  it('until its key is gone', async () => {
    const { verifier, keys } = bench();
    const token = jwt(CLAIMS);
    await verifier.verify(token);
    keys.delete('one');
    await expect(verifier.verify(token)).rejects.toThrow('no keys found');
    keys.set('one', { ...KEY, publicKey: other.publicKey });
    await expect(verifier.verify(token)).rejects.toThrow('invalid signature');
  });

  it('and forgets those seen first', async () => {
    const { verifier, looked } = bench(2);
    const tokens = ['a', 'b', 'c'].map((sub) => jwt({ ...CLAIMS, sub }));
    for (const token of [...tokens, ...tokens]) await verifier.verify(token);
    expect(looked).toHaveLength(6);
  });
});
