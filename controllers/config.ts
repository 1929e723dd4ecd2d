import { listAllowedAddresses } from '#guarded-client/allowed-addresses';

/** The settings that the environment has for the controllers. */
export interface ControllersConfig {
  /** Addresses of users that may be called although they are refused by default (TROUPE_ALLOWED_ADDRESSES). */
  readonly allowedAddresses: readonly string[];
  /** Whether a run gives way to one of a higher class of priority when all Executors are full (TROUPE_PREEMPTION). */
  readonly preemption: boolean;
}

/** @throws Error, for a person, where a value makes no sense */
export function readControllersConfig(
  environment: Readonly<Record<string, string | undefined>>,
): ControllersConfig {
  const preemption = environment['TROUPE_PREEMPTION'] ?? 'false';
  if (preemption !== 'true' && preemption !== 'false')
    throw new Error(`TROUPE_PREEMPTION must be true or false, not ${JSON.stringify(preemption)}`);
  try {
    const allowedAddresses = listAllowedAddresses(environment['TROUPE_ALLOWED_ADDRESSES'] ?? '');
    return { allowedAddresses, preemption: preemption === 'true' };
  } catch (error) {
    throw new Error(`TROUPE_ALLOWED_ADDRESSES: ${(error as Error).message}`, { cause: error });
  }
}
