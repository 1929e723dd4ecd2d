import type { Client } from '#api/client/client';
import { describeError } from '#api/machinery/logger';
import type { ObjectRef } from '#api/machinery/resource-type';
import { ignoreNotFound, isStatusError } from '#api/machinery/status-error';
import { SANDBOXES, TASKS } from '#api/types/resources';
import { SANDBOX_FINALIZER } from '#api/types/sandboxes/sandbox';
import { retryUntilDone } from '../retry.ts';
import type { ExecutorContext } from './context.ts';
import { refOf } from './status-writer.ts';
import type { RunSandbox } from '#api/types/sandboxes/sandbox';

/** The last step of a deleted Sandbox, when its runtime is gone: of a Task that is gone, its work goes. */
export async function letGo(
  context: ExecutorContext,
  sandbox: RunSandbox,
  signal: AbortSignal,
): Promise<void> {
  const { client, clock, logger } = context;
  const retry = { clock, logger, signal };
  const { uid } = sandbox.spec.taskRef;
  const isGone = () => isTaskGone(client, taskOf(sandbox), uid);
  const gone = await retryUntilDone(isGone, { ...retry, what: 'look for a Task' });
  if (gone && sandbox.status?.executorName !== undefined) {
    try {
      // A fork of the Task may hold other Sandboxes of it, and goes on with their work.
      await context.work.removeLast({ taskUID: uid, sandboxUID: sandbox.metadata.uid ?? '' });
    } catch (error) {
      // The next sweep takes it.
      logger.debug('the work of a Task is not removed yet', { task: uid, cause: describeError(error) });
    }
  }
  const what = 'remove the finalizer of a Sandbox';
  await retryUntilDone(() => removeFinalizer(client, sandbox), { ...retry, what });
}

export const taskOf = (sandbox: RunSandbox): ObjectRef => ({
  ...refOf(sandbox),
  name: sandbox.spec.taskRef.name,
});

/** Whether anybody may still go on with the work of this Sandbox. */
export async function isTaskWorked(client: Pick<Client, 'find'>, sandbox: RunSandbox): Promise<boolean> {
  const task = await client.find(TASKS, taskOf(sandbox));
  return task?.metadata.uid === sandbox.spec.taskRef.uid && task.metadata.deletionTimestamp === undefined;
}

/** Whether there is no Task of that uid any more. */
export async function isTaskGone(
  client: Pick<Client, 'find'>,
  ref: ObjectRef,
  uid: string,
): Promise<boolean> {
  return (await client.find(TASKS, ref))?.metadata.uid !== uid;
}

async function removeFinalizer(client: Client, sandbox: RunSandbox): Promise<void> {
  for (;;) {
    try {
      const fresh = await client.find(SANDBOXES, refOf(sandbox));
      if (fresh === undefined || fresh.metadata.uid !== sandbox.metadata.uid) return;
      const { finalizers = [] } = fresh.metadata;
      if (!finalizers.includes(SANDBOX_FINALIZER)) return;
      const rest = finalizers.filter((finalizer) => finalizer !== SANDBOX_FINALIZER);
      const released = { ...fresh, metadata: { ...fresh.metadata, finalizers: rest } };
      await ignoreNotFound(client.update(SANDBOXES, released));
      return;
    } catch (error) {
      if (!isStatusError(error, 'Conflict')) throw error;
    }
  }
}
