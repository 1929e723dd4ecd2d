import { accessKinds } from './scenarios/access-kinds.ts';
import { accessReviews } from './scenarios/access-reviews.ts';
import { accessRules } from './scenarios/access-rules.ts';
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
  accessKinds,
  accessRules,
  accessReviews,
];
