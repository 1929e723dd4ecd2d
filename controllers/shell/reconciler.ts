import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { replaceCondition } from '#api/machinery/condition';
import { objectKey } from '#api/machinery/meta';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { Shell, ShellStatus } from '#api/types/generated/shell';
import { planProbe } from '#api/types/probe';
import type { ProbePlan } from '#api/types/probe';
import { withReady } from '#api/types/ready';
import { SANDBOXES, SHELLS } from '#api/types/resources';
import { PUBLIC_NAMESPACE, ShellCondition } from '#api/types/shells/shell';
import type { Reconcile } from '../runtime/controller.ts';
import { createOnce, deleteOnce } from '../runtime/owned-objects.ts';
import { writeStatus } from '../runtime/status-writer.ts';
import type { Troubles } from '../runtime/troubles.ts';
import { imageCheckOf, imageCondition, readyWithImage } from './image-check.ts';
import { planShell } from './plan.ts';
import type { ShellPlan } from './plan.ts';

export interface ShellReconcilerOptions {
  shells: { get(key: string): Shell | undefined };
  /** All that the object with this uid controls. */
  sandboxesOf: (uid: string) => readonly Sandbox[];
  troubles: Troubles;
  clock: Clock;
}

type ShellClient = Pick<Client, 'updateStatus' | 'create' | 'delete'>;

/** Says in its status whether a Shell can be used, and has its image checked in a sandbox. */
export function shellReconciler(options: ShellReconcilerOptions): Reconcile<ShellClient> {
  const { shells, troubles, clock } = options;
  return async (key, { client }) => {
    const shell = shells.get(key);
    if (shell === undefined || shell.metadata.deletionTimestamp !== undefined) {
      troubles.follow(key, undefined);
      return undefined;
    }
    const { namespace } = shell.metadata;
    const exists = (name: string): boolean =>
      [namespace, PUBLIC_NAMESPACE].some(
        (one) => shells.get(objectKey({ namespace: one, name })) !== undefined,
      );
    const plan = planShell(shell, exists);
    const isValid = plan.condition.status === 'True';
    const check = planProbe({
      owner: shell,
      spec: isValid ? imageCheckOf(shell) : undefined,
      record: shell.status?.imageCheck,
      sandboxes: options.sandboxesOf(shell.metadata.uid ?? ''),
      now: clock.now(),
    });
    if (check.create !== undefined) await createOnce(client, SANDBOXES, check.create);
    const status = shellStatus(shell, { plan, check }, formatTime(clock.now()));
    troubles.follow(key, await writeStatus(client, SHELLS, { object: shell, status }));
    // The finding is written down: nobody needs the Sandbox any longer.
    await deleteOnce(client, SANDBOXES, check.remove);
    return check.recheckAfter === undefined ? undefined : { requeueAfter: check.recheckAfter };
  };
}

function shellStatus(
  shell: Shell,
  { plan, check }: { plan: ShellPlan; check: ProbePlan },
  now: string,
): ShellStatus {
  const { shellType: _type, imageCheck: _check, ...rest } = shell.status ?? {};
  const at = { now, generation: shell.metadata.generation };
  const isChecked = plan.condition.status === 'True' && imageCheckOf(shell) !== undefined;
  const image = isChecked ? imageCondition(shell, check.finding) : undefined;
  const ready = plan.condition.status === 'True' ? readyWithImage(image) : plan.condition;
  const { shellType } = plan;
  const conditions = replaceCondition(rest.conditions, { type: ShellCondition.ImageReady, next: image }, at);
  return {
    ...withReady({ ...rest, conditions }, ready, at),
    ...(shellType === undefined ? {} : { shellType }),
    ...(check.record === undefined ? {} : { imageCheck: check.record }),
  };
}
