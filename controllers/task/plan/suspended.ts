import type { Hold } from '../status/outcome.ts';

/** As of a Job (spec.suspend), but that runs under way come to their end: they have cost something already. */
export const SUSPENDED: Hold & { reason: 'Suspended' } = {
  reason: 'Suspended',
  message: 'spec.suspend is set.',
};
