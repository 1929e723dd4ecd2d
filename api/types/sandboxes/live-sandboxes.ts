import type { Sandbox } from '../generated/sandbox.ts';
import { isFinalPhase } from './sandbox.ts';

/** The index of controllers for `liveOn`. */
export const LIVE_ON = 'sandbox:live-on';

/** The name of the Executor on which a Sandbox is bound and has not ended; none else. */
export function liveOn({ spec, status }: Sandbox): string[] {
  return spec.executorName === undefined || isFinalPhase(status?.phase) ? [] : [spec.executorName];
}
