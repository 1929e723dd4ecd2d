import type { Clock } from '../machinery/clock.ts';
import type { ObjectStore } from '../storage/contract/objects.ts';
import type { AdmissionPlugins } from './admission/admission.ts';
import type { Catalog } from './catalog.ts';

/** What every verb works with. */
export interface RegistryContext {
  store: ObjectStore;
  clock: Clock;
  /** Numbers in [0, 1), for generated names. */
  random(): number;
  catalog: Catalog;
  admission: AdmissionPlugins;
  /** A new UUID v4. */
  newUID(): string;
}
