import { hash } from 'node:crypto';
import { compactVerify } from 'jose';
import { BoundedCache } from '../../machinery/bounded-cache.ts';
import type { Clock } from '../../machinery/clock.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import type { SigningKeys, VerifyingKey } from '../../machinery/users/signing-keys.ts';

/** The claims of a JWT (RFC 7519, section 4.1); times in seconds since the epoch. */
export interface JwtClaims extends Readonly<Record<string, unknown>> {
  iss: string;
  exp: number;
}

/** Reads tokens that this server has signed. */
export interface JwtVerifier {
  /**
   * The claims of a token that has a good signature and is in its time. Undefined for what is no JWT of the issuers:
   * it may be somebody else's. Audience and subject are left to the caller.
   * @throws JwtError for a wrong one
   */
  verify(token: string): Promise<JwtClaims | undefined>;
}

/** Why a token is refused; the text names nothing that its holder does not know. */
export class JwtError extends Error {}

export interface JwtVerifierOptions {
  keys: Pick<SigningKeys, 'find' | 'get'>;
  /** Whose tokens these are. */
  issuers: readonly string[];
  clock: Clock;
  /** Tokens whose signature need not be verified again, at most. */
  cacheSize?: number;
}

/** Tokens of ours are far shorter; a longer one is refused unread. */
const MAX_TOKEN_LENGTH = 16 * 1024;
/** `alg`, `kid` and `typ` take a hundred. */
const MAX_HEADER_LENGTH = 1024;
const MAX_KEY_ID_LENGTH = 128;
const COMPACT = /^([\w-]+)\.([\w-]+)\.[\w-]+$/;
/** Clocks of replicas differ a little: a token that one has just signed is good for another one (go-jose jwt.DefaultLeeway). */
const NOT_BEFORE_LEEWAY_S = 60;

interface Verified {
  claims: JwtClaims;
  key: VerifyingKey;
}

/**
 * The key is chosen by its name among our own, and it brings its algorithm with it: what the header of a token says of
 * algorithms, keys and their addresses can only lead to a refusal (RFC 8725). A signature is verified once for each
 * token, times on each call.
 */
export function createJwtVerifier(options: JwtVerifierOptions): JwtVerifier {
  const { keys, clock, cacheSize = 10_000 } = options;
  const issuers = new Set(options.issuers);
  const known = new BoundedCache<Verified>({ most: cacheSize });
  return {
    async verify(token) {
      if (token.length > MAX_TOKEN_LENGTH) return undefined;
      const digest = hash('sha256', token, 'base64url');
      const found = known.get(digest);
      // A key that is gone verifies nothing, though it has verified this token before.
      if (found !== undefined && keys.get(found.key.kid) === found.key) return inTime(found.claims, clock);
      if (!isOf(token, issuers)) return undefined;
      const verified = await verifySignature(token, keys);
      const claims = inTime(verified.claims, clock);
      known.set(digest, verified);
      return claims;
    },
  };
}

/** Whether a text has the form of a JWT of one of the issuers; nothing that it says is believed yet. */
function isOf(token: string, issuers: ReadonlySet<string>): boolean {
  const [, header = '', payload = ''] = COMPACT.exec(token) ?? [];
  if (header === '' || header.length > MAX_HEADER_LENGTH) return false;
  const issuer = decodePart(payload)?.['iss'];
  return typeof issuer === 'string' && issuers.has(issuer);
}

async function verifySignature(token: string, keys: JwtVerifierOptions['keys']): Promise<Verified> {
  const header = decodePart(token.slice(0, token.indexOf('.'))) ?? {};
  const kid = header['kid'];
  const isName = typeof kid === 'string' && kid.length <= MAX_KEY_ID_LENGTH;
  const key = isName ? await keys.find(kid) : undefined;
  if (key === undefined) throw new JwtError('invalid signature, no keys found');
  if (header['alg'] !== key.algorithm) throw new JwtError('invalid signature');
  try {
    const { payload } = await compactVerify(token, key.publicKey, { algorithms: [key.algorithm] });
    return { claims: claimsOf(JSON.parse(utf8.decode(payload))), key };
  } catch (error) {
    if (error instanceof JwtError) throw error;
    throw new JwtError('invalid signature', { cause: error });
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function claimsOf(payload: unknown): JwtClaims {
  const claims = fieldsOf(payload);
  const { iss, exp } = claims;
  // Ours always end; one that does not was made by a mistake.
  if (typeof iss !== 'string' || typeof exp !== 'number') throw new JwtError('the token has no end');
  return { ...claims, iss, exp };
}

function inTime(claims: JwtClaims, clock: Clock): JwtClaims {
  const now = clock.now() / 1000;
  if (claims.exp <= now) throw new JwtError('the token has expired');
  const { nbf } = claims;
  if (nbf !== undefined && !(typeof nbf === 'number' && nbf <= now + NOT_BEFORE_LEEWAY_S)) {
    throw new JwtError('the token is not valid yet');
  }
  return claims;
}

/** A part of a token before it is verified; undefined for what is no JSON object. */
function decodePart(part: string): Record<string, unknown> | undefined {
  try {
    return fieldsOf(JSON.parse(Buffer.from(part, 'base64url').toString('utf8')));
  } catch {
    return undefined;
  }
}
