/** So many requests within so many seconds. */
export interface Rate {
  requests: number;
  seconds: number;
}

/**
 * Requests of one sort have rates of their own:
 *
 * - `login`: whatever shows a password, or asks for a new one; counted for each address
 * - `sensitive`: tokens, keys, backups; counted for each user
 * - `webhook`: calls of the addresses of waiting steps; counted for each address
 * - `api`: everything else; counted for each user
 */
export type EndpointClass = 'api' | 'login' | 'sensitive' | 'webhook';

/** Each class has any number of rates, all of which hold; an empty list is no limit. */
export type Rates = Readonly<Record<EndpointClass, readonly Rate[]>>;

/** What clients of the API do in earnest stays far below; a program that went wild does not. */
export const DEFAULT_RATES: Rates = {
  api: [{ requests: 20_000, seconds: 10 }],
  login: [
    { requests: 10, seconds: 60 },
    { requests: 100, seconds: 3600 },
  ],
  sensitive: [{ requests: 10, seconds: 60 }],
  webhook: [{ requests: 120, seconds: 60 }],
};
