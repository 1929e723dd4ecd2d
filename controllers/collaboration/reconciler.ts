import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import type { Collaboration } from '#api/types/generated/collaboration';
import { COLLABORATIONS } from '#api/types/resources';
import type { Reconcile } from '../runtime/controller.ts';
import { writeStatus } from '../runtime/status-writer.ts';
import type { Troubles } from '../runtime/troubles.ts';
import { collaborationStatus } from './plan.ts';

export interface CollaborationReconcilerOptions {
  collaborations: { get(key: string): Collaboration | undefined };
  troubles: Troubles;
  clock: Clock;
}

/** Says in its status whether a Collaboration can be carried out. */
export function collaborationReconciler({
  collaborations,
  troubles,
  clock,
}: CollaborationReconcilerOptions): Reconcile<Pick<Client, 'updateStatus'>> {
  return async (key, { client }) => {
    const object = collaborations.get(key);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) {
      troubles.follow(key, undefined);
      return;
    }
    const at = { now: formatTime(clock.now()), generation: object.metadata.generation };
    const status = collaborationStatus(object, at);
    troubles.follow(key, await writeStatus(client, COLLABORATIONS, { object, status }));
  };
}
