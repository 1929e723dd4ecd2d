import type { Sandbox } from '#api/types/generated/sandbox';
import { isFinalPhase } from '#api/types/sandbox';
import type { Informer } from '../runtime/informer.ts';

const LIVE_ON = 'sandbox:live-on';

/** The name of the Executor on which a Sandbox is bound and has not ended; for an index. */
export function liveOn({ spec, status }: Sandbox): string[] {
  return spec.executorName === undefined || isFinalPhase(status?.phase) ? [] : [spec.executorName];
}

/** Finds the live Sandboxes of an Executor by its name. All controllers that ask for it share one index. */
export function sandboxesLiveOn(sandboxes: Informer<Sandbox>): (executorName: string) => readonly Sandbox[] {
  sandboxes.addIndex(LIVE_ON, liveOn);
  return (executorName) => sandboxes.byIndex(LIVE_ON, executorName);
}
