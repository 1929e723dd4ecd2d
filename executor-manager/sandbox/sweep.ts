import { sleep } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import { TASKS } from '#api/types/resources';
import { isStatusError } from '#api/machinery/status-error';
import { untilAborted } from '#api/machinery/until-aborted';
import type { ExecutorContext } from './context.ts';
import type { TaskWork } from '../work/work-store.ts';
import { isTaskGone } from './let-go.ts';
import type { Supervisor } from './supervisor.ts';

/** Removals that failed, or that nobody was there to do, are made good after this at the latest. */
const SWEEP_MS = 5 * 60_000;
/** While the engine is away. */
const RETRY_MS = 5000;

/** Removes what nobody owns: at the start, when the engine is back, and from time to time. Ends with the signal. */
export async function runSweeps(
  context: ExecutorContext,
  supervisor: Supervisor,
  signal: AbortSignal,
): Promise<void> {
  const inventories = context.hosts.all().map(({ inventory }) => inventory);
  const known = Promise.all([...inventories, supervisor.listed]);
  await untilAborted(known, signal).catch(() => undefined);
  while (!signal.aborted) {
    const swept = await sweep(context, supervisor).catch((error: unknown) => {
      note(context, 'list what is left in the engine', error);
      return false;
    });
    await sleep(context.clock, swept ? SWEEP_MS : RETRY_MS, signal).catch(() => undefined);
  }
}

/** One pass over the runtimes, the kept work and the logs of this executor; false when something could not be removed. */
async function sweep(
  context: ExecutorContext,
  supervisor: Pick<Supervisor, 'hasTask' | 'isWanted' | 'taskUIDs'>,
): Promise<boolean> {
  const { hosts, work, localLogs, logger } = context;
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
  for (const { driver, runtimes } of hosts.all()) {
    for (const { id } of await driver.list()) {
      if (supervisor.isWanted(id) || runtimes.isWaiting(id)) continue;
      await attempt(`remove the runtime ${id}, which nobody owns`, async () => {
        await driver.remove(id);
        logger.info('removed a runtime that nobody owns', { runtime: id });
      });
    }
  }
  for (const { taskUID, task } of await work.tasks()) {
    if (supervisor.hasTask(taskUID)) continue;
    await attempt(`remove the work of the Task ${taskUID}`, async () => {
      if (!(await isGone(context, { taskUID, task }))) return;
      await work.removeTask(taskUID);
      logger.info('removed the work of a Task that is gone', { task: taskUID });
    });
  }
  await attempt('remove the logs of Tasks that are gone', async () => {
    await localLogs?.sweep(() => supervisor.taskUIDs());
  });
  return clean;
}

async function isGone({ client }: ExecutorContext, { taskUID, task }: TaskWork): Promise<boolean> {
  if (task !== undefined) return isTaskGone(client, task, taskUID);
  // Its name was lost; it happens too seldom to be cheap. An executor may not list Tasks, only their owner may: the work
  // then stays until somebody removes the folder.
  const tasks = await client.list(TASKS).catch((error: unknown) => {
    if (isStatusError(error, 'Forbidden')) return undefined;
    throw error;
  });
  return tasks?.items.every(({ metadata }) => metadata.uid !== taskUID) ?? false;
}

/** An engine or API that is away is told elsewhere, and often. */
function note({ logger }: ExecutorContext, what: string, error: unknown): void {
  const level = isStatusError(error, 'ServiceUnavailable') ? 'debug' : 'warn';
  logger[level](`cannot ${what}, trying again`, { cause: describeError(error) });
}
