import type { ServerTokens } from '../authentication/tokens.ts';
import type { Authorizer } from '../machinery/users/authorizer.ts';
import type { RuleResolver } from '../authorization/rule-resolver.ts';
import type { Clock } from '../machinery/clock.ts';
import type { ObjectStore } from '../storage/contract/objects.ts';
import type { AdmissionPlugins } from './admission/admission.ts';
import type { Catalog } from './catalog.ts';
import type { Masking } from './masks/masking.ts';

/** What every verb works with. */
export interface RegistryContext {
  store: ObjectStore;
  clock: Clock;
  /** Numbers in [0, 1), for generated names. */
  random(): number;
  catalog: Catalog;
  admission: AdmissionPlugins;
  /** Judges requests; for those that ask what somebody may do. */
  authorizer: Authorizer;
  /** Judges tokens; for those that ask whose they are. */
  tokens: ServerTokens;
  /** The rules that users have, for checks that nobody gives away what he has not. */
  ruleResolver: RuleResolver;
  /** Hides credentials from those who may not read them. */
  masking: Masking;
  /** A new UUID v4. */
  newUID(): string;
}
