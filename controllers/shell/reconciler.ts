import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { objectKey } from '#api/machinery/meta';
import type { Shell } from '#api/types/generated/shell';
import { withReady } from '#api/types/ready';
import { SHELLS } from '#api/types/resources';
import type { Reconcile } from '../runtime/controller.ts';
import { writeStatus } from '../runtime/status-writer.ts';
import type { Troubles } from '../runtime/troubles.ts';
import { planShell } from './plan.ts';

export interface ShellReconcilerOptions {
  shells: { get(key: string): Shell | undefined };
  troubles: Troubles;
  clock: Clock;
}

/** Says in its status whether a Shell can be used. */
export function shellReconciler({
  shells,
  troubles,
  clock,
}: ShellReconcilerOptions): Reconcile<Pick<Client, 'updateStatus'>> {
  return async (key, { client }) => {
    const shell = shells.get(key);
    if (shell === undefined || shell.metadata.deletionTimestamp !== undefined) {
      troubles.follow(key, undefined);
      return;
    }
    const at = { now: formatTime(clock.now()), generation: shell.metadata.generation };
    const exists = (name: string): boolean =>
      shells.get(objectKey({ namespace: shell.metadata.namespace, name })) !== undefined;
    const { condition, shellType } = planShell(shell, exists);
    const { shellType: _previous, ...previous } = shell.status ?? {};
    const status = {
      ...withReady(previous, condition, at),
      ...(shellType === undefined ? {} : { shellType }),
    };
    troubles.follow(key, await writeStatus(client, SHELLS, { object: shell, status }));
  };
}
