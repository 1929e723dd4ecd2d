import type { Scenario } from '../scenario.ts';
import { ACTIONS } from './actions.ts';
import { FORKS } from './forks.ts';
import { LIMITS } from './limits.ts';
import { MODELS } from './models.ts';
import { PEOPLE } from './people.ts';
import { QUALITY } from './quality.ts';
import { WORKFLOWS } from './workflows.ts';

/** The mix. Whoever adds a way in which Teams work adds a row. */
export const SCENARIOS: readonly Scenario[] = [
  MODELS,
  QUALITY,
  WORKFLOWS,
  ACTIONS,
  LIMITS,
  PEOPLE,
  FORKS,
].flat();
