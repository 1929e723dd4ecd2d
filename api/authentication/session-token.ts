import { hash, randomUUID } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { decodeJwt, errors, jwtVerify, SignJWT } from 'jose';
import { BoundedCache } from '../machinery/bounded-cache.ts';
import type { Clock } from '../machinery/clock.ts';
import type { User } from '../machinery/users/user.ts';
import { unauthorized } from './authenticator.ts';
import type { TokenAuthenticator } from './authenticator.ts';

/**
 * Tokens of people who have logged in with a password: short JWTs (RFC 7519, RFC 9068) that name a session. They have
 * an issuer, an audience, a type and keys of their own, so none of them is ever taken for a token of a ServiceAccount,
 * nor the other way round.
 */
export const SESSION_ISSUER = 'troupe:accounts';

export interface SessionTokenSort {
  /** Its purpose, `aud`; also its media type without `application/`, `typ`. */
  audience: string;
  type: string;
  /** Milliseconds. */
  life: number;
}

/** Shows who asks, at each request. */
export const ACCESS_TOKEN: SessionTokenSort = { audience: 'troupe:api', type: 'at+jwt', life: 15 * 60_000 };
/** Shows at a login that the account was used from there before; it opens nothing. */
export const DEVICE_TOKEN: SessionTokenSort = {
  audience: 'troupe:login',
  type: 'device+jwt',
  life: 180 * 24 * 3_600_000,
};

export interface SessionClaims {
  /** Name of the User. */
  sub: string;
  /** Of the User: another one may have the name later. */
  uid: string;
  /** Of the session; of the device for a device token. */
  sid: string;
}

export interface VerifiedClaims extends SessionClaims {
  jti: string;
  /** Seconds since the epoch. */
  exp: number;
}

/** Keys that sign now, and those that may have signed. */
export interface TokenKeys {
  signer(): { kid: string; privateKey: KeyObject };
  /** Of a key that may have signed. */
  find(kid: string): Promise<{ publicKey: KeyObject } | undefined>;
}

export interface SessionTokens {
  issue(sort: SessionTokenSort, claims: SessionClaims): Promise<string>;
  /** Undefined for what is no such token, is not ours, or has ended. */
  verify(sort: SessionTokenSort, token: string): Promise<VerifiedClaims | undefined>;
}

const ALGORITHM = 'ES256';
/** A token of ours has a few hundred. */
const MAX_TOKEN_LENGTH = 4096;
const CACHED = 10_000;

export function createSessionTokens({ keys, clock }: { keys: TokenKeys; clock: Clock }): SessionTokens {
  const verified = new BoundedCache<VerifiedClaims>({ most: CACHED });
  const seconds = (): number => Math.floor(clock.now() / 1000);
  return {
    issue({ audience, type, life }, { sub, uid, sid }) {
      const { kid, privateKey } = keys.signer();
      return new SignJWT({ uid, sid })
        .setProtectedHeader({ alg: ALGORITHM, kid, typ: type })
        .setIssuer(SESSION_ISSUER)
        .setAudience(audience)
        .setSubject(sub)
        .setJti(randomUUID())
        .setIssuedAt(seconds())
        .setExpirationTime(seconds() + life / 1000)
        .sign(privateKey);
    },
    async verify(sort, token) {
      if (token.length > MAX_TOKEN_LENGTH) return undefined;
      const key = `${sort.type} ${hash('sha256', token, 'base64')}`;
      const claims = verified.get(key) ?? (await verifyOnce(sort, token, { keys, now: clock.now() }));
      if (claims === undefined || claims.exp <= seconds()) {
        verified.delete(key);
        return undefined;
      }
      verified.set(key, claims);
      return claims;
    },
  };
}

async function verifyOnce(
  { audience, type }: SessionTokenSort,
  token: string,
  { keys, now }: { keys: TokenKeys; now: number },
): Promise<VerifiedClaims | undefined> {
  const keyOf = async ({ kid = '' }: { kid?: string }): Promise<KeyObject> => {
    const key = await keys.find(kid);
    if (key === undefined) throw new errors.JWKSNoMatchingKey();
    return key.publicKey;
  };
  try {
    const { payload } = await jwtVerify<{ uid?: unknown; sid?: unknown }>(token, keyOf, {
      algorithms: [ALGORITHM],
      issuer: SESSION_ISSUER,
      audience,
      typ: type,
      currentDate: new Date(now),
      requiredClaims: ['sub', 'uid', 'sid', 'jti', 'exp'],
    });
    const { sub = '', jti = '', exp = 0, uid, sid } = payload;
    if (typeof uid !== 'string' || typeof sid !== 'string') return undefined;
    return { sub, uid, sid, jti, exp };
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

/** Whether a text is a JWT that says it is of ours; nothing of it is checked. */
function claimsOurIssuer(token: string): boolean {
  if (token.length > MAX_TOKEN_LENGTH || token.split('.').length !== 3) return false;
  try {
    return decodeJwt(token).iss === SESSION_ISSUER;
  } catch {
    return false;
  }
}

export interface SessionAuthenticatorOptions {
  tokens: Pick<SessionTokens, 'verify'>;
  /** Undefined when the session has ended, or its User may not log in. Asked at each request. */
  userOf(claims: VerifiedClaims): Promise<User | undefined>;
}

/** @throws StatusError Unauthorized, later, for a token of ours that is not valid */
export function createSessionAuthenticator({
  tokens,
  userOf,
}: SessionAuthenticatorOptions): TokenAuthenticator {
  return {
    async authenticateToken(token) {
      if (!claimsOurIssuer(token)) return undefined;
      const claims = await tokens.verify(ACCESS_TOKEN, token);
      const user = claims === undefined ? undefined : await userOf(claims);
      if (user === undefined) throw unauthorized();
      return user;
    },
  };
}
