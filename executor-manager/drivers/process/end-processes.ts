import { sleep } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { processesNaming, signalTree, startTime } from './process-table.ts';
import type { ProcessRecord } from './runtime-folders.ts';

/** How long a runner may take to end its agent in order. */
const PATIENCE_MS = 1000;

export interface Remains {
  record: ProcessRecord | undefined;
  /** Folder that the environment of all its processes names. */
  state: string;
  clock: Clock;
}

/** Ends a runner and all that it or its agent has started; resolves when none of them is left. */
export async function endProcesses(remains: Remains): Promise<void> {
  const began = remains.clock.now();
  const told = new Set<number>();
  for (;;) {
    const pids = await livingProcesses(remains);
    if (pids.length === 0) return;
    const late = remains.clock.now() - began > PATIENCE_MS;
    for (const pid of pids) {
      if (late) signalTree(pid, 'SIGKILL');
      else if (!told.has(pid)) {
        signalTree(pid, 'SIGTERM');
        // One that pauses would not hear of it.
        signalTree(pid, 'SIGCONT');
      }
      told.add(pid);
    }
    await sleep(remains.clock, 10);
  }
}

export async function isAlive(record: ProcessRecord): Promise<boolean> {
  if (record.pid === undefined || record.startTime === undefined) return false;
  return (await startTime(record.pid)) === record.startTime;
}

/** All of a runtime that there are. */
export async function livingProcesses({
  record,
  state,
}: Pick<Remains, 'record' | 'state'>): Promise<number[]> {
  const pids = new Set<number>();
  for (const pid of await processesNaming(state)) {
    if ((await startTime(pid)) !== undefined) pids.add(pid);
  }
  if (record?.pid !== undefined && (await isAlive(record))) pids.add(record.pid);
  return [...pids];
}
