import { sleep } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import { isStatusError, StatusError } from '#api/machinery/status-error';
import { SANDBOXES } from '#api/types/resources';
import { worksInFiles } from '#api/types/shells/shell-types';
import type { Runtime } from '../drivers/driver.ts';
import { isPassing, retryUntilDone } from '../retry.ts';
import { runtimeNeed } from '../runtime/runtime-need.ts';
import { refOf } from '../sandbox/status-writer.ts';
import { startRuntime } from '../runtime/runtime-source.ts';
import { MOST_STARTS } from '../sandbox/context.ts';
import type { SandboxContext } from '../sandbox/context.ts';
import { archiveLimit } from './archive-limit.ts';
import type { WorkKey } from './work-store.ts';
import type { RunSandbox } from '#api/types/sandboxes/sandbox';

export interface Save {
  context: SandboxContext;
  sandbox: RunSandbox;
  /** Its runtime, running or not. */
  runtime: Runtime;
  signal: AbortSignal;
}

/** Whether there are files that somebody may go on with: one that only talks may have a repository too. */
export function hasFiles({ spec }: RunSandbox): boolean {
  return worksInFiles(spec) || spec.workspace !== undefined;
}

/**
 * Keeps the work of a run that is over, or has to be. A runtime that does not run, does not answer or still has a live
 * agent is ended and started once more: its workspace is still there, its agent is not. Rejects only when `signal`
 * aborts.
 * @returns why the work cannot be saved, and is lost; undefined when it is saved or there is none
 */
export async function saveWork(save: Save): Promise<string | undefined> {
  const { context, sandbox, signal } = save;
  const time = new AbortController();
  const cancel = context.clock.after(context.times.save, () =>
    time.abort(new StatusError('Timeout', `it took longer than ${context.times.save / 1000} s`)),
  );
  const bounded = { ...save, signal: AbortSignal.any([signal, time.signal]) };
  try {
    const { taskUID, sandboxUID } = keyOf(sandbox);
    if ((await context.work.find({ taskUID, sandboxUID })) !== undefined) return undefined;
    const taken = save.runtime.running && (await takeAsItIs(bounded));
    if (!taken) await takeFromNew(bounded);
  } catch (error) {
    signal.throwIfAborted();
    context.logger.error('the work of a run could not be saved', { cause: describeError(error) });
    return whyLost(error as Error);
  } finally {
    cancel();
  }
  await forgetEarlierAttempts(save);
  return undefined;
}

/** Whoever goes on with the node goes on with its last attempt. Files that cannot be removed take room until the Task goes. */
async function forgetEarlierAttempts({ context, sandbox }: Save): Promise<void> {
  const { client, work, logger } = context;
  const { node, attempt, continueFrom = [] } = sandbox.spec;
  const key = keyOf(sandbox);
  try {
    if (node === undefined || attempt === 1 || (await work.find(key)) === undefined) return;
    for (const { name, uid } of continueFrom) {
      const before = await client.find(SANDBOXES, { ...refOf(sandbox), name });
      if (before?.metadata.uid !== uid || before.spec.node !== node) continue;
      // A fork may go on with it.
      if ((before.metadata.ownerReferences ?? []).some((owner) => owner.uid !== key.taskUID)) continue;
      await work.remove({ ...key, sandboxUID: uid });
    }
  } catch (error) {
    logger.warn('the work of an earlier attempt is kept on', { cause: describeError(error) });
  }
}

/** For the users of a Task, who have no business with paths of the executor. */
function whyLost(error: Error & { code?: unknown }): string {
  if (isStatusError(error) || typeof error.code !== 'string') return error.message;
  return error.code === 'ENOSPC'
    ? 'the disk of the executor is full'
    : `the executor cannot write them (${error.code})`;
}

/** False when the runtime has to be started once more. */
async function takeAsItIs(save: Save): Promise<boolean> {
  try {
    await takeFrom(save, save.runtime);
    return true;
  } catch (error) {
    save.signal.throwIfAborted();
    // Too large, or a full disk here: the same another time.
    if (!isStatusError(error) || isStatusError(error, 'RequestEntityTooLarge')) throw error;
    save.context.logger.info('the runtime is started once more for its work', {
      cause: describeError(error),
    });
    return false;
  }
}

/** Takes it from the runtime, started once more: several times, where another one answers in its place or nobody does. */
async function takeFromNew(save: Save): Promise<void> {
  const { context, signal } = save;
  for (let starts = 1; ; starts += 1) {
    try {
      await takeFrom(save, await startAgain(save));
      return;
    } catch (error) {
      signal.throwIfAborted();
      const most = isStatusError(error, 'Unauthorized') ? MOST_STARTS : SILENT_STARTS;
      if (starts >= most || !(isPassing(error) || isStatusError(error, 'Unauthorized'))) throw error;
      context.logger.warn('cannot take the work of a run, trying again', { cause: describeError(error) });
    }
    await sleep(context.clock, context.times.startAgain, signal);
  }
}

/** How often a runtime is started whose runner does not answer. */
const SILENT_STARTS = 3;

async function startAgain({ context, sandbox, runtime: { id }, signal }: Save): Promise<Runtime> {
  const { driver, clock, logger, tokenFor } = context;
  if (driver.capabilities.workspaceEndsWithRuntime === true)
    throw new StatusError('Gone', 'the workspace went with its sandbox, as this executor keeps none');
  await retryUntilDone(() => driver.stop(id), { clock, logger, signal, what: 'end a sandbox' });
  const spec = { ...runtimeNeed(sandbox.spec, context.client), id, tokenHash: tokenFor(id).hash };
  return startRuntime({ driver, spec, clock, logger, signal });
}

async function takeFrom({ context, sandbox, signal }: Save, runtime: Runtime): Promise<void> {
  const { logger, work, times } = context;
  const runner = context.runners.of(runtime);
  const key = keyOf(sandbox);
  const { namespace = 'default' } = sandbox.metadata;
  try {
    await runner.ready(times.ready, signal);
    const archive = (await runner.readWorkspace(signal)) ?? [];
    const task = { namespace, name: sandbox.spec.taskRef.name };
    await work.keep(key, archive, { task, limitBytes: archiveLimit(sandbox.spec) });
    logger.info('work saved', { runtime: runtime.id });
  } finally {
    await runner.close();
  }
}

function keyOf({ metadata, spec }: RunSandbox): WorkKey {
  return { taskUID: spec.taskRef.uid, sandboxUID: metadata.uid ?? '' };
}
