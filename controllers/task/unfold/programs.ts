import { unfoldCollaborate } from './collaborate/collaborate.ts';
import { unfoldCoordinate } from './coordinate/coordinate.ts';
import { unfoldRoute } from './route/route.ts';
import type { Programs } from './unfold.ts';
import { unfoldWorkflow } from './workflow/unfold-workflow.ts';

/** Those that graphs grow by. */
export const PROGRAMS: Programs = {
  collaborate: unfoldCollaborate,
  coordinate: unfoldCoordinate,
  route: unfoldRoute,
  workflow: unfoldWorkflow,
};
