import { createRemoteJWKSet, customFetch, errors } from 'jose';
import type { CryptoKey, JWSHeaderParameters } from 'jose';
import type { Clock } from '../../machinery/clock.ts';
import { describeError } from '../../machinery/logger.ts';
import type { Logger } from '../../machinery/logger.ts';
import { isJsonObject } from '../../machinery/json/json.ts';
import type { IssuerConfiguration } from './authentication-configuration.ts';

/** The standard `fetch`, to where an issuer may be. */
export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** The keys that an issuer signs with. */
export interface IssuerKeys {
  /** Resolves once the issuer has been reached; at once when it has. @throws Error where it cannot be */
  ready(): Promise<void>;
  /** Those that may have signed. @throws Error where none has */
  find(header: JWSHeaderParameters): Promise<CryptoKey[]>;
}

export interface IssuerKeysOptions {
  issuer: Pick<IssuerConfiguration, 'discoveryURL' | 'url'>;
  fetch: Fetch;
  clock: Clock;
  logger: Logger;
  /** An unknown key makes us ask the issuer at most this often; anybody can name one. */
  cooldownMs?: number;
}

const ANSWER_MS = 30_000;
const COOLDOWN_MS = 30_000;
/** An issuer that could not be reached is asked again after this long (as kube-apiserver). */
const RETRY_MS = 10_000;
/** Keys that an issuer has taken back end to count after this long, and a little. */
const REFRESH_MS = 600_000;

/**
 * Finds the keys of an issuer by its metadata (OpenID Connect Discovery 1.0, section 4). They are kept while the
 * issuer is away, so that whoever is logged in stays so; new ones are asked for when a token names one, and all are
 * looked at again every ten minutes.
 */
export function createIssuerKeys(options: IssuerKeysOptions): IssuerKeys {
  const { fetch, clock, logger, cooldownMs = COOLDOWN_MS } = options;
  let known: Promise<KeySet> | undefined;
  let failedAt = Number.NEGATIVE_INFINITY;
  let failure: unknown;
  let askedAt = 0;
  const keySet = (): Promise<KeySet> => {
    if (known !== undefined) return known;
    if (clock.now() - failedAt < RETRY_MS) return Promise.reject(failure);
    known = discover(options).then((url) => {
      askedAt = clock.now();
      // Never too old: an issuer that is away must not log everybody out. When to ask again is said here.
      const limits = { cooldownDuration: Number.POSITIVE_INFINITY, cacheMaxAge: Number.POSITIVE_INFINITY };
      return createRemoteJWKSet(url, { ...limits, timeoutDuration: ANSWER_MS, [customFetch]: fetch });
    });
    known.catch((error: unknown) => {
      [known, failedAt, failure] = [undefined, clock.now(), error];
    });
    return known;
  };
  const refresh = (keys: KeySet): void => {
    if (clock.now() - askedAt < REFRESH_MS) return;
    askedAt = clock.now();
    keys.reload().catch((error: unknown) => {
      logger.warn('the keys of an issuer could not be looked at again', {
        issuer: options.issuer.url,
        error: describeError(error),
      });
    });
  };
  return {
    async ready() {
      await keySet();
    },
    async find(header) {
      const keys = await keySet();
      refresh(keys);
      try {
        return await matching(keys, header);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey) || clock.now() - askedAt < cooldownMs) throw error;
        askedAt = clock.now();
        await keys.reload();
        return await matching(keys, header);
      }
    },
  };
}

type KeySet = ReturnType<typeof createRemoteJWKSet>;

/** A token need not name its key: then all that fit are tried. */
async function matching(keys: KeySet, header: JWSHeaderParameters): Promise<CryptoKey[]> {
  try {
    return [await keys(header)];
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    const found: CryptoKey[] = [];
    for await (const key of error) found.push(key);
    return found;
  }
}

const WELL_KNOWN = '/.well-known/openid-configuration';

/** @returns where the keys are */
async function discover({ issuer: { url, discoveryURL }, fetch }: IssuerKeysOptions): Promise<URL> {
  const address = discoveryURL ?? url.replace(/\/$/, '') + WELL_KNOWN;
  const response = await fetch(address, {
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  if (!response.ok) throw new Error(`oidc: ${address} answers with ${response.status}`);
  const metadata: unknown = await response.json();
  if (!isJsonObject(metadata)) throw new Error(`oidc: ${address} answers with no metadata`);
  const { issuer, jwks_uri: keys } = metadata;
  if (issuer !== url)
    throw new Error(
      `oidc: issuer did not match the issuer returned by provider, expected ${JSON.stringify(url)} got ${JSON.stringify(issuer)}`,
    );
  const keysURL = typeof keys === 'string' ? URL.parse(keys) : null;
  if (keysURL?.protocol !== 'https:') throw new Error('oidc: provider did not return an https JWKS URL');
  return keysURL;
}
