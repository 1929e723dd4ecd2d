import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import type { Ghost } from '#api/types/generated/ghost';
import { withReady } from '#api/types/ready';
import { GHOSTS } from '#api/types/resources';
import type { Reconcile } from '../runtime/controller.ts';
import type { EventSink } from '../runtime/controller-context.ts';
import { readyEvent } from '../runtime/ready-event.ts';
import { writeStatus } from '../runtime/status-writer.ts';
import { planGhost } from './plan.ts';

export interface GhostReconcilerOptions {
  ghosts: { get(key: string): Ghost | undefined };
  client: Pick<Client, 'updateStatus'>;
  recorder: EventSink;
  clock: Clock;
}

/** Says in its status whether a Ghost can be used. */
export function ghostReconciler({ ghosts, client, recorder, clock }: GhostReconcilerOptions): Reconcile {
  return async (key) => {
    const ghost = ghosts.get(key);
    if (ghost === undefined || ghost.metadata.deletionTimestamp !== undefined) return;
    const at = { now: formatTime(clock.now()), generation: ghost.metadata.generation };
    const status = withReady(ghost.status, planGhost(ghost), at);
    const written = await writeStatus(client, GHOSTS, { object: ghost, status });
    const event = readyEvent(ghost, written);
    if (event !== undefined) recorder.event(ghost, event);
  };
}
