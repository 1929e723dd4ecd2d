import { isJsonObject } from '../../machinery/json/json.ts';

/** The statements of a token about its user, by the names of RFC 7519 and of its issuer. */
export type Claims = Readonly<Record<string, unknown>>;

/** Undefined for one that is not there. */
export const claimOf = (claims: Claims, name: string): unknown =>
  Object.hasOwn(claims, name) ? claims[name] : undefined;

/** More than tokens that carry hundreds of groups have. */
const MAX_TOKEN_LENGTH = 64 * 1024;
const COMPACT = /^[\w-]+\.([\w-]+)\.[\w-]+$/;

/** The claims of a token that nobody has verified yet; undefined for what is no compact JWT. */
export function unverifiedClaims(token: string): Claims | undefined {
  if (token.length > MAX_TOKEN_LENGTH) return undefined;
  const payload = COMPACT.exec(token)?.[1];
  if (payload === undefined) return undefined;
  try {
    return parseClaims(Buffer.from(payload, 'base64url'));
  } catch {
    return undefined;
  }
}

/** @throws Error for what is no JSON object */
export function parseClaims(payload: Uint8Array): Claims {
  const claims: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  if (!isJsonObject(claims)) throw new Error('the claims of the token are no object');
  return claims;
}

/** Providers with clocks that are a little ahead (go-oidc, verify.go). */
const NOT_BEFORE_LEEWAY_S = 300;

export interface ClaimsRules {
  /** As the issuer calls itself. */
  issuer: string;
  audiences: readonly string[];
  /** Milliseconds since the epoch. */
  now: number;
}

/**
 * Checks all that OpenID Connect Core 3.1.3.7 demands of an ID token beside its signature.
 * @throws Error, in the words of kube-apiserver where it has some
 */
export function checkClaims(claims: Claims, { issuer, audiences, now }: ClaimsRules): void {
  if (claimOf(claims, 'iss') !== issuer) throw new Error('oidc: id token issued by a different provider');
  const given = audiencesOf(claims);
  if (!audiences.some((one) => given.includes(one)))
    throw new Error(`oidc: expected audience in ${JSON.stringify(audiences)} got ${JSON.stringify(given)}`);
  const seconds = now / 1000;
  const expires = claimOf(claims, 'exp');
  if (typeof expires !== 'number' || expires < seconds) throw new Error('oidc: token is expired');
  const notBefore = claimOf(claims, 'nbf') ?? 0;
  if (typeof notBefore !== 'number' || notBefore > seconds + NOT_BEFORE_LEEWAY_S)
    throw new Error('oidc: current time is before the nbf (not before) time');
}

/** One audience may stand alone. */
function audiencesOf(claims: Claims): readonly unknown[] {
  const audience = claimOf(claims, 'aud');
  return Array.isArray(audience) ? audience : [audience];
}
