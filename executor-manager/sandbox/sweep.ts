import { sleep } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import { isStatusError } from '#api/machinery/status-error';
import { untilAborted } from '../until-aborted.ts';
import type { SandboxContext } from './context.ts';
import type { Inventory } from './inventory.ts';
import { isTaskGone } from './let-go.ts';
import type { Supervisor } from './supervisor.ts';

/** Removals that failed, or that nobody was there to do, are made good after this at the latest. */
const SWEEP_MS = 5 * 60_000;
/** While the engine is away. */
const RETRY_MS = 5000;

/** Removes what nobody owns: at the start, when the engine is back, and from time to time. Ends with the signal. */
export async function runSweeps(
  context: SandboxContext,
  supervisor: Supervisor,
  signal: AbortSignal,
): Promise<void> {
  const known = Promise.all([context.inventory, supervisor.listed]);
  const ready = await untilAborted(known, signal).catch(() => undefined);
  if (ready === undefined) return;
  const [inventory] = ready;
  while (!signal.aborted) {
    const swept = await sweep(context, inventory, supervisor).catch((error: unknown) => {
      note(context, 'list what is left in the engine', error);
      return false;
    });
    await sleep(context.clock, swept ? SWEEP_MS : RETRY_MS, signal).catch(() => undefined);
  }
}

/** One pass over the containers and volumes of this executor; false when something could not be removed. */
async function sweep(
  context: SandboxContext,
  inventory: Inventory,
  supervisor: Pick<Supervisor, 'isWanted' | 'hasTask'>,
): Promise<boolean> {
  const { driver, client, logger } = context;
  let clean = true;
  const attempt = async (what: string, act: () => Promise<void>): Promise<void> => {
    try {
      await act();
    } catch (error) {
      // One that cannot be removed must not keep the others.
      clean = false;
      note(context, what, error);
    }
  };
  for (const { sandboxUID: uid, id } of await driver.list()) {
    if (supervisor.isWanted(uid)) continue;
    await attempt(`remove the sandbox ${id}, which nobody owns`, async () => {
      await driver.remove(uid);
      inventory.removed(uid);
      logger.info('removed a sandbox that nobody owns', { uid, runtime: id });
    });
  }
  for (const { taskUID, task } of await driver.listVolumes()) {
    if (supervisor.hasTask(taskUID)) continue;
    await attempt(`remove the volume of Task ${task.namespace}/${task.name}`, async () => {
      if (!(await isTaskGone(client, task, taskUID))) return;
      await driver.removeVolume(taskUID);
      logger.info('removed the volume of a Task that is gone', { task: taskUID });
    });
  }
  return clean;
}

/** An engine or API that is away is told elsewhere, and often. */
function note({ logger }: SandboxContext, what: string, error: unknown): void {
  const level = isStatusError(error, 'ServiceUnavailable') ? 'debug' : 'warn';
  logger[level](`cannot ${what}, trying again`, { cause: describeError(error) });
}
