import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { isDigestOf } from '../machinery/secret-hash.ts';
import { badRequest } from '../machinery/status-error.ts';
import type { User } from '../machinery/users/user.ts';
import { unauthorized } from './authenticator.ts';
import type { Authenticator, TokenAuthenticator } from './authenticator.ts';

/**
 * API keys: `troupe_ID_SECRETCHECKSUM`. The prefix and the checksum let programs that look for leaked secrets be sure
 * of one; the id finds its record, so that no secret is ever looked for; the secret has 256 bits, so a plain hash
 * keeps it.
 */
export interface ParsedApiKey {
  /** 32 hexadecimal digits. */
  id: string;
  secret: string;
}

const SECRET_BYTES = 32;
/** That many digits of base 62 hold 256 bits, and 32 bits. */
const SECRET_DIGITS = 43;
const CHECKSUM_DIGITS = 6;
const FORM = new RegExp(
  `^troupe_([0-9a-f]{32})_([0-9A-Za-z]{${SECRET_DIGITS}})([0-9A-Za-z]{${CHECKSUM_DIGITS}})$`,
);

/** `id`: 32 hexadecimal digits. */
export function makeApiKey(id: string): { key: string; hash: string } {
  const secret = base62(BigInt(`0x${randomBytes(SECRET_BYTES).toString('hex')}`), SECRET_DIGITS);
  return { key: `troupe_${id}_${secret}${checksumOf(id, secret)}`, hash: hash('sha256', secret, 'base64') };
}

/** Undefined for what is no key, or was not copied whole. */
export function parseApiKey(text: string): ParsedApiKey | undefined {
  const [, id, secret, checksum] = FORM.exec(text) ?? [];
  if (id === undefined || secret === undefined || checksum !== checksumOf(id, secret)) return undefined;
  return { id, secret };
}

/** In a time that tells nothing of either. `known`: as makeApiKey has made it. */
export function isSecretOf(secret: string, known: string): boolean {
  return isDigestOf(Buffer.from(known, 'base64'), secret);
}

const checksumOf = (id: string, secret: string): string =>
  base62(BigInt(crc32(`${id}_${secret}`)), CHECKSUM_DIGITS);

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

function base62(value: bigint, digits: number): string {
  let text = '';
  for (let rest = value; text.length < digits; rest /= 62n) text = (DIGITS[Number(rest % 62n)] ?? '') + text;
  return text;
}

/** Undefined for a key that is not known, has ended, or whose User may not log in. Asked at each request. */
export type UserOfApiKey = (key: ParsedApiKey) => Promise<User | undefined>;

/** A key as a bearer token. @throws StatusError Unauthorized, later, for a key that is not valid */
export function createApiKeyTokens(userOf: UserOfApiKey): TokenAuthenticator {
  return {
    async authenticateToken(token) {
      if (!token.startsWith('troupe_')) return undefined;
      const key = parseApiKey(token);
      const user = key === undefined ? undefined : await userOf(key);
      if (user === undefined) throw unauthorized();
      return user;
    },
  };
}

/**
 * Refuses a request that shows an API key beside another credential: one of them would count, and nobody could tell which.
 * @throws StatusError BadRequest
 */
export function withOneCredential(authenticator: Authenticator): Authenticator {
  return {
    async authenticate(credentials) {
      const { header } = credentials;
      if (header('x-api-key') !== undefined && header('authorization') !== undefined) {
        throw badRequest('give either Authorization or X-API-Key, not both');
      }
      return await authenticator.authenticate(credentials);
    },
  };
}

/** `X-API-Key: KEY`, for clients that cannot set another header. */
export function createApiKeyAuthenticator(userOf: UserOfApiKey): Authenticator {
  const keys = createApiKeyTokens(userOf);
  return {
    async authenticate({ header }) {
      const given = header('x-api-key');
      if (given === undefined) return undefined;
      const user = await keys.authenticateToken(given.trim());
      if (user === undefined) throw unauthorized();
      return user;
    },
  };
}
