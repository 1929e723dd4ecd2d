import type { Clock } from '../machinery/clock.ts';
import type { Store } from '../storage/contract.ts';
import type { Resource } from './resource.ts';

/** What every verb works with. */
export interface RegistryContext {
  store: Store;
  clock: Clock;
  /** Numbers in [0, 1), for generated names. */
  random(): number;
  /** Every kind served. */
  resources: readonly Resource[];
  /** A new UUID v4. */
  newUID(): string;
}
