import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { replaceCondition } from '#api/machinery/condition';
import { MCP_SERVERS_FOUND } from '#api/types/ghost';
import type { Ghost } from '#api/types/generated/ghost';
import { withReady } from '#api/types/ready';
import { GHOSTS } from '#api/types/resources';
import type { Reconcile } from '../runtime/controller.ts';
import { writeStatus } from '../runtime/status-writer.ts';
import type { Troubles } from '../runtime/troubles.ts';
import { planGhost, serversFound } from './plan.ts';
import type { GhostParts } from './plan.ts';

export interface GhostReconcilerOptions {
  ghosts: { get(key: string): Ghost | undefined };
  parts: GhostParts;
  troubles: Troubles;
  clock: Clock;
}

/** Says in its status whether a Ghost can be used. */
export function ghostReconciler({
  ghosts,
  parts,
  troubles,
  clock,
}: GhostReconcilerOptions): Reconcile<Pick<Client, 'updateStatus'>> {
  return async (key, { client }) => {
    const ghost = ghosts.get(key);
    if (ghost === undefined || ghost.metadata.deletionTimestamp !== undefined) {
      troubles.follow(key, undefined);
      return;
    }
    const at = { now: formatTime(clock.now()), generation: ghost.metadata.generation };
    const found = { type: MCP_SERVERS_FOUND, next: serversFound(ghost, parts) };
    const told = { ...ghost.status, conditions: replaceCondition(ghost.status?.conditions, found, at) };
    const status = withReady(told, planGhost(ghost, parts), at);
    troubles.follow(key, await writeStatus(client, GHOSTS, { object: ghost, status }));
  };
}
