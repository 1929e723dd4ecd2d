import { sleep } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import type { SandboxContext } from './context.ts';
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
  await Promise.race([Promise.all([context.inventory, supervisor.listed]), ended(signal)]);
  while (!signal.aborted) {
    const swept = await sweep(context, supervisor).then(
      () => true,
      (error: unknown) => {
        context.logger.debug('sweep failed', { cause: describeError(error) });
        return false;
      },
    );
    await sleep(context.clock, swept ? SWEEP_MS : RETRY_MS, signal).catch(() => undefined);
  }
}

/** One pass over the containers and volumes of this executor. */
export async function sweep(
  context: SandboxContext,
  supervisor: Pick<Supervisor, 'isWanted' | 'hasTask'>,
): Promise<void> {
  const { driver, logger, ports } = context;
  const inventory = await context.inventory;
  for (const runtime of await driver.list()) {
    const uid = runtime.sandboxUID;
    if (supervisor.isWanted(uid)) continue;
    await driver.remove(uid);
    // Taken in the inventory, and never handed to anybody.
    if (inventory.get(uid)?.running === true) ports.release(runtime.address.port);
    logger.info('removed a sandbox that nobody owns', { uid, runtime: runtime.id });
  }
  await sweepVolumes(context, supervisor);
}

async function sweepVolumes(
  { driver, client, logger }: SandboxContext,
  supervisor: Pick<Supervisor, 'hasTask'>,
): Promise<void> {
  for (const { taskUID, task } of await driver.listVolumes()) {
    if (supervisor.hasTask(taskUID) || !(await isTaskGone(client, task, taskUID))) continue;
    await driver.removeVolume(taskUID);
    logger.info('removed the volume of a Task that is gone', { task: taskUID });
  }
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
