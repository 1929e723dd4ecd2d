import { createPrivateKey, createPublicKey, generateKeyPairSync, hash } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import { formatTime } from '../../machinery/clock.ts';

/**
 * Keys that sign JWTs, as a file holds them; pure. One key signs at a time. A new one is shown to those who verify
 * before it signs, and an older one verifies until the last token that it can have signed has ended. Its private half
 * is gone by then: who steals the file can sign with the newest keys only.
 */
export interface KeyRing {
  /** Oldest first. */
  keys: readonly RingKey[];
}

export interface RingKey {
  /** Thumbprint of the public key (RFC 7638). */
  kid: string;
  /** ECDSA with P-256 and SHA-256 (RFC 7518, section 3.4). */
  algorithm: 'ES256';
  /** Milliseconds since the epoch, of whole seconds. */
  created: number;
  signsFrom: number;
  publicKey: KeyObject;
  /** Absent for a key that verifies only. */
  privateKey?: KeyObject;
}

/** All in milliseconds. */
export interface RingRules {
  /** A signing key older than this gets a successor. */
  rotateAfter: number;
  /** A new key is shown for so long before it signs. */
  publishFor: number;
  /** The longest life of a token. */
  tokenLife: number;
}

/** A ring with one new key, which signs at once. */
export const newRing = (now: number): KeyRing => ({ keys: [makeKey(now, now)] });

/** The key that signs at a moment; undefined for a ring whose keys sign later, or never. */
export function signerAt({ keys }: KeyRing, now: number): RingKey | undefined {
  return keys.findLast(({ signsFrom, privateKey }) => privateKey !== undefined && signsFrom <= now);
}

/** With a new key. `signsFrom`: now for one that signs at once. */
export function withNewKey(ring: KeyRing, { now, signsFrom }: { now: number; signsFrom: number }): KeyRing {
  return { keys: [...ring.keys, makeKey(now, signsFrom)] };
}

/**
 * The ring as it is to be at a moment: a signer that is old has a successor, private halves of keys that no longer sign
 * are gone, and so are keys whose tokens have ended. The same object when nothing is to be changed.
 */
export function maintained(ring: KeyRing, now: number, rules: RingRules): KeyRing {
  const next = tidied(ring, now, rules.tokenLife);
  const newest = next.keys.at(-1);
  if (newest === undefined) return newRing(now);
  if (newest.created + rules.rotateAfter > now) return next;
  return withNewKey(next, { now, signsFrom: now + rules.publishFor });
}

/** The ring without its useless parts: private halves of keys that no longer sign, and keys whose tokens have ended. */
export function tidied(ring: KeyRing, now: number, tokenLife: number): KeyRing {
  const signer = signerAt(ring, now);
  if (signer === undefined) return ring;
  const at = ring.keys.indexOf(signer);
  const keys = ring.keys.flatMap((key, index) => {
    if (index >= at) return [key];
    const successor = ring.keys[index + 1] ?? signer;
    if (successor.signsFrom + tokenLife < now) return [];
    return [key.privateKey === undefined ? key : publicHalf(key)];
  });
  return keys.length === ring.keys.length && keys.every((key, index) => key === ring.keys[index])
    ? ring
    : { keys };
}

function publicHalf({ privateKey: _gone, ...key }: RingKey): RingKey {
  return key;
}

function makeKey(created: number, signsFrom: number): RingKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = thumbprint(publicKey.export({ format: 'jwk' }));
  const times = { created: wholeSecond(created), signsFrom: wholeSecond(signsFrom) };
  return { kid, algorithm: 'ES256', ...times, publicKey, privateKey };
}

const wholeSecond = (ms: number): number => ms - (ms % 1000);

/** RFC 7638, section 3. */
function thumbprint({ crv, kty, x, y }: JsonWebKey): string {
  return hash('sha256', JSON.stringify({ crv, kty, x, y }), 'base64url');
}

/** The text of a file with the ring. */
export function ringText({ keys }: KeyRing): string {
  const rows = keys.map(({ kid, algorithm, created, signsFrom, publicKey, privateKey }) => ({
    kid,
    algorithm,
    created: formatTime(created),
    signsFrom: formatTime(signsFrom),
    key: (privateKey ?? publicKey).export({ format: 'jwk' }),
  }));
  return `${JSON.stringify({ keys: rows }, null, 2)}\n`;
}

/** @throws Error, which shows nothing of a key, for a text that is no ring */
export function parseRing(text: string): KeyRing {
  const { keys } = asRecord(parseJson(text));
  if (!Array.isArray(keys) || keys.length === 0) throw new Error('it has no list of keys');
  const parsed = keys.map((row: unknown, index) => parseKey(asRecord(row), index));
  return { keys: parsed.toSorted((left, right) => left.signsFrom - right.signsFrom) };
}

function parseKey(row: Record<string, unknown>, index: number): RingKey {
  const created = Date.parse(String(row['created']));
  const signsFrom = Date.parse(String(row['signsFrom']));
  const jwk = asRecord(row['key']) as JsonWebKey;
  const halves = readHalves(jwk);
  const isRight =
    halves !== undefined &&
    row['algorithm'] === 'ES256' &&
    row['kid'] === thumbprint(jwk) &&
    jwk.crv === 'P-256';
  if (!isRight || Number.isNaN(created) || Number.isNaN(signsFrom)) {
    throw new Error(`its key ${index + 1} is damaged, or of another version`);
  }
  return { kid: thumbprint(jwk), algorithm: 'ES256', created, signsFrom, ...halves };
}

function readHalves(key: JsonWebKey): Pick<RingKey, 'privateKey' | 'publicKey'> | undefined {
  try {
    const publicKey = createPublicKey({ key, format: 'jwk' });
    return key.d === undefined
      ? { publicKey }
      : { publicKey, privateKey: createPrivateKey({ key, format: 'jwk' }) };
  } catch {
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text.
    throw new Error('it is no JSON');
  }
}

const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
