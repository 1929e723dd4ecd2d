import type { Client } from '#api/client/client';
import { describeError } from '#api/machinery/logger';
import type { ObjectRef } from '#api/machinery/resource-type';
import { isStatusError } from '#api/machinery/status-error';
import type { Sandbox } from '#api/types/generated/sandbox';
import { SANDBOXES, TASKS } from '#api/types/resources';
import { SANDBOX_FINALIZER } from '#api/types/sandbox';
import { persist } from '../back-off.ts';
import type { SandboxContext } from './context.ts';
import { refOf } from './status-writer.ts';
import { taskUID } from './task-uid.ts';

/** The last step of a deleted Sandbox, when its container is gone: the Task's volume, if the Task is gone too. */
export async function letGo(context: SandboxContext, sandbox: Sandbox, signal: AbortSignal): Promise<void> {
  const { client, driver, clock, logger } = context;
  const retry = { clock, logger, signal };
  const { taskRef } = sandbox.spec;
  const task = { ...refOf(sandbox), name: taskRef.name };
  const gone = await persist(() => isTaskGone(client, task, taskRef.uid), {
    ...retry,
    what: 'look for a Task',
  });
  if (gone && sandbox.status?.executorName !== undefined) {
    try {
      await driver.removeVolume(taskUID(sandbox));
    } catch (error) {
      // Another sandbox of the Task uses it still, or the engine is away: the next sweep takes it.
      logger.debug('volume not removed yet', { task: taskRef.uid, cause: describeError(error) });
    }
  }
  await persist(() => removeFinalizer(client, sandbox), {
    ...retry,
    what: 'remove the finalizer of a Sandbox',
  });
}

/** Whether there is no Task of that uid any more. */
export async function isTaskGone(client: Pick<Client, 'get'>, ref: ObjectRef, uid: string): Promise<boolean> {
  try {
    return (await client.get(TASKS, ref)).metadata.uid !== uid;
  } catch (error) {
    if (isStatusError(error, 'NotFound')) return true;
    throw error;
  }
}

async function removeFinalizer(client: Client, sandbox: Sandbox): Promise<void> {
  for (;;) {
    try {
      const fresh = await client.get(SANDBOXES, refOf(sandbox));
      const { finalizers = [] } = fresh.metadata;
      if (fresh.metadata.uid !== sandbox.metadata.uid || !finalizers.includes(SANDBOX_FINALIZER)) return;
      const rest = finalizers.filter((finalizer) => finalizer !== SANDBOX_FINALIZER);
      await client.update(SANDBOXES, { ...fresh, metadata: { ...fresh.metadata, finalizers: rest } });
      return;
    } catch (error) {
      if (isStatusError(error, 'NotFound')) return;
      if (!isStatusError(error, 'Conflict')) throw error;
    }
  }
}
