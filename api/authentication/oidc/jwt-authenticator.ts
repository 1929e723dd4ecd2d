import { hash } from 'node:crypto';
import { compactVerify, decodeProtectedHeader } from 'jose';
import type { Clock } from '../../machinery/clock.ts';
import { goQuote } from '../../machinery/go-text.ts';
import { describeError } from '../../machinery/logger.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { HistogramMetric, Meter } from '../../machinery/meter.ts';
import type { User } from '../../machinery/users/user.ts';
import { unauthorized } from '../authenticator.ts';
import type { TokenAuthenticator } from '../authenticator.ts';
import { userOfClaims } from './claim-mapper.ts';
import { checkClaims, claimOf, parseClaims, unverifiedClaims } from './claims.ts';
import type { IssuerKeys } from './issuer-keys.ts';
import type { ValidIssuer } from './validate-configuration.ts';

/** All asymmetric algorithms of RFC 7518; a token names its own, so neither `none` nor a shared secret may be one. */
export const SIGNING_ALGORITHMS: readonly string[] = ['RS', 'ES', 'PS'].flatMap((family) =>
  ['256', '384', '512'].map((size) => family + size),
);

export interface JwtAuthenticatorOptions {
  issuer: ValidIssuer;
  keys: Pick<IssuerKeys, 'find'>;
  /** Of those above. */
  algorithms?: readonly string[];
  clock: Clock;
  logger: Logger;
  meter: Meter;
}

const DURATIONS: HistogramMetric = {
  name: 'apiserver_authentication_jwt_authenticator_latency_seconds',
  help: 'Time it took to tell whom a token of an issuer is for; answers out of the cache are not counted.',
  labels: ['result', 'jwt_issuer_hash'],
  buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
};

/** Tokens of one issuer (apiserver plugin/pkg/authenticator/token/oidc). */
export function createJwtAuthenticator(options: JwtAuthenticatorOptions): TokenAuthenticator {
  const { issuer, logger, meter } = options;
  const { url } = issuer.configuration.issuer;
  const labels = { jwt_issuer_hash: `sha256:${hash('sha256', url)}` };
  const count = (result: 'failure' | 'success', started: number): void =>
    meter.histogram(DURATIONS, { result, ...labels }).observe((performance.now() - started) / 1000);
  return {
    async authenticateToken(token) {
      if (!isOf(url, token)) return undefined;
      const started = performance.now();
      try {
        const user = await userOf(token, options);
        count('success', started);
        return user;
      } catch (error) {
        count('failure', started);
        // The client learns nothing of it, and it comes as often as anybody likes.
        logger.debug('a token of an issuer is refused', { issuer: url, error: describeError(error) });
        throw unauthorized(error);
      }
    },
  };
}

/** By what the token says, which nobody has verified: whose keys are to be asked. */
function isOf(url: string, token: string): boolean {
  const claims = unverifiedClaims(token);
  return claims !== undefined && issuerOf(claimOf(claims, 'iss')) === url;
}

/** Google has called itself so (OpenID Connect Core, section 15.6.2). */
const issuerOf = (issuer: unknown): unknown =>
  issuer === 'accounts.google.com' ? 'https://accounts.google.com' : issuer;

async function userOf(token: string, options: JwtAuthenticatorOptions): Promise<User> {
  const { issuer, clock } = options;
  const { url, audiences = [] } = issuer.configuration.issuer;
  const given = parseClaims(await verifiedPayload(token, options));
  const claims = { ...given, iss: issuerOf(claimOf(given, 'iss')) };
  checkClaims(claims, { issuer: url, audiences, now: clock.now() });
  return userOfClaims(issuer, given);
}

/** @throws Error where no key of the issuer has signed it */
async function verifiedPayload(
  token: string,
  { keys, algorithms = SIGNING_ALGORITHMS }: JwtAuthenticatorOptions,
): Promise<Uint8Array> {
  const header = decodeProtectedHeader(token);
  const { alg = 'none' } = header;
  if (!algorithms.includes(alg))
    throw new Error(`oidc: id token signed with unsupported algorithm ${goQuote(alg)}`);
  let failure: unknown;
  for (const key of await keys.find({ ...header, alg })) {
    try {
      return (await compactVerify(token, key, { algorithms: [alg] })).payload;
    } catch (error) {
      failure = error;
    }
  }
  throw new Error('oidc: failed to verify signature', { cause: failure });
}
