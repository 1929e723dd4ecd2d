import { setTimeout as delay } from 'node:timers/promises';
import type { ApiUnderTest } from '../servers/api-under-test.ts';
import { cpuMicroseconds } from './cpu-time.ts';

const IDLE_MS = 10_000;
/** Heartbeats go on; what is under way makes far more. */
const FEW_WRITES = 10;
/** 10,000 Tasks on a database that many others use take more than a quarter of an hour. */
const MOST_MS = 3_600_000;

/** Waits until all that was begun is done. On a busy machine a server that takes little time may only be waiting for it. */
export async function quiet(api: ApiUnderTest): Promise<void> {
  const end = performance.now() + MOST_MS;
  for (let before = await writes(api); ;) {
    await delay(5000);
    const now = await writes(api);
    if (now - before < FEW_WRITES) return;
    before = now;
    if (performance.now() > end) throw new Error('the server does not come to rest');
  }
}

/** Writes that the server has taken so far. */
async function writes(api: ApiUnderTest): Promise<number> {
  const metrics = await api.call('GET', '/metrics');
  const counts = metrics.matchAll(/^apiserver_request_total\{verb="(?:CREATE|UPDATE|PATCH)".*\} (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Of one processor: timers and heartbeats take less, whatever else goes on takes more. */
const AT_REST = 0.03;
const LOOK_MS = 5000;

/** Waits until processes have nothing left to do, not even to collect the garbage of their start. */
export async function atRest(pids: readonly number[]): Promise<void> {
  const end = performance.now() + MOST_MS;
  const shares = (): Promise<number[]> => Promise.all(pids.map((pid) => cpuShare(pid, LOOK_MS)));
  while ((await shares()).some((share) => share > AT_REST)) {
    if (performance.now() > end) throw new Error('the processes do not come to rest');
  }
}

/** Of one processor. */
export async function cpuShare(pid: number, ms = IDLE_MS): Promise<number> {
  const before = await cpuMicroseconds(pid);
  const start = performance.now();
  await delay(ms);
  return ((await cpuMicroseconds(pid)) - before) / 1000 / (performance.now() - start);
}
