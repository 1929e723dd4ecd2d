import { coreKinds, namespaces } from './scenarios/core-kinds.ts';
import { definitions } from './scenarios/definitions.ts';
import { deleting } from './scenarios/deleting.ts';
import { pruning } from './scenarios/pruning.ts';
import { reading } from './scenarios/reading.ts';
import { serverSideApply } from './scenarios/server-side-apply.ts';
import { writing } from './scenarios/writing.ts';
import type { Scenario } from './step.ts';

export const scenarios: readonly Scenario[] = [
  reading,
  writing,
  serverSideApply,
  pruning,
  deleting,
  coreKinds,
  namespaces,
  definitions,
];
