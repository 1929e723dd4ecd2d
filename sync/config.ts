import { listAllowedAddresses } from '#guarded-client/allowed-addresses';

/** The settings that the environment has for `troupe sync`. */
export interface SyncConfig {
  /** Addresses that Syncs may name although they are refused by default (TROUPE_ALLOWED_ADDRESSES). */
  readonly allowedAddresses: readonly string[];
  /** The variables that git and kustomize get: where programs are, and the way to the network. */
  readonly environment: Readonly<Record<string, string>>;
}

const HANDED_ON = [
  'PATH',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'ALL_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'all_proxy',
  'no_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'GIT_SSL_CAINFO',
];

/** @throws Error, for a person, where a value makes no sense */
export function readSyncConfig(environment: Readonly<Record<string, string | undefined>>): SyncConfig {
  const handedOn = HANDED_ON.flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  try {
    const allowedAddresses = listAllowedAddresses(environment['TROUPE_ALLOWED_ADDRESSES'] ?? '');
    return { allowedAddresses, environment: Object.fromEntries(handedOn) };
  } catch (error) {
    throw new Error(`TROUPE_ALLOWED_ADDRESSES: ${(error as Error).message}`, { cause: error });
  }
}
