import { unfoldCollaborate } from './collaborate/collaborate.ts';
import { unfoldCoordinate } from './coordinate/coordinate.ts';
import { unfoldQuality } from './quality/quality.ts';
import { unfoldRoute } from './route/route.ts';
import type { Programs } from './unfold.ts';
import { unfoldWorkflow } from './workflow/unfold-workflow.ts';

/** Ways to do the work itself. */
const MODELS: Programs = {
  collaborate: unfoldCollaborate,
  coordinate: unfoldCoordinate,
  route: unfoldRoute,
  workflow: unfoldWorkflow,
};

/** Those that graphs grow by. */
export const PROGRAMS: Programs = { ...MODELS, quality: unfoldQuality(MODELS) };
