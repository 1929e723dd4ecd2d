import { listAllowedAddresses } from '#guarded-client/allowed-addresses';

/** What the controllers are told by the environment. */
export interface ControllersConfig {
  /** Addresses of users that may be called although they are refused by default (TROUPE_ALLOWED_ADDRESSES). */
  readonly allowedAddresses: readonly string[];
}

/** @throws Error, for a person, where a value makes no sense */
export function readControllersConfig(
  environment: Readonly<Record<string, string | undefined>>,
): ControllersConfig {
  try {
    return { allowedAddresses: listAllowedAddresses(environment['TROUPE_ALLOWED_ADDRESSES'] ?? '') };
  } catch (error) {
    throw new Error(`TROUPE_ALLOWED_ADDRESSES: ${(error as Error).message}`, { cause: error });
  }
}
