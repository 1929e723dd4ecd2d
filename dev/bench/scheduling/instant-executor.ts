import { setTimeout as delay } from 'node:timers/promises';
import { openLines } from '../load/fan-out.ts';
import type { ApiUnderTest } from '../servers/api-under-test.ts';

/** Where everything of this bench is, and the kinds that it deals with. */
export const TASKS = '/apis/agent.wecode.io/v1/namespaces/default/tasks';
export const SANDBOXES = '/apis/agent.wecode.io/v1alpha1/namespaces/default/sandboxes';
const EXECUTORS = '/apis/agent.wecode.io/v1alpha1/executors';
const MERGE = 'application/merge-patch+json';
const NAME = 'bench';
const HEARTBEAT_MS = 10_000;

interface Sandbox {
  metadata: { name: string };
  spec: { executorName?: string; taskRef?: { name: string }; step?: number };
  status?: { phase?: string };
}

/** One run, as the executor saw it; milliseconds of performance.now(). */
export interface Run {
  task: string;
  step: number;
  /** When word of its binding came. */
  boundAt: number;
  /** When its end was written. */
  endedAt: number;
}

export interface InstantExecutor extends AsyncDisposable {
  /** How many Sandboxes it takes at once. */
  setCapacity(sandboxes: number): Promise<void>;
  /** Called after each run. */
  onRun: (run: Run) => void;
}

/** Plays an executor manager whose agents are done at once: it ends each Sandbox as soon as it is bound. */
export async function instantExecutor(api: ApiUnderTest, sandboxes: number): Promise<InstantExecutor> {
  // Its own executor would start real agents.
  await cordonOthers(api);
  await api.call('POST', EXECUTORS, {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Executor',
    metadata: { name: NAME },
    spec: {},
  });
  const stop = new AbortController();
  const readySince = new Date().toISOString().replace(/\.\d+/, '');
  const report = (capacity: number): Promise<string> =>
    api.patch(`${EXECUTORS}/${NAME}/status`, MERGE, { status: statusOf(capacity, readySince) });
  let capacity = sandboxes;
  await report(capacity);
  const beating = beat(() => report(capacity), stop.signal);
  const executor: InstantExecutor = {
    onRun: () => undefined,
    async setCapacity(given) {
      capacity = given;
      await report(capacity);
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.allSettled([beating, working]);
      // The next one on the same server begins without it.
      await api.call('DELETE', `${EXECUTORS}/${NAME}`);
    },
  };
  const working = work(api, (run) => executor.onRun(run), stop.signal);
  return executor;
}

async function cordonOthers(api: ApiUnderTest): Promise<void> {
  const { items } = JSON.parse(await api.call('GET', EXECUTORS)) as {
    items: { metadata: { name: string } }[];
  };
  for (const { metadata } of items)
    await api.patch(`${EXECUTORS}/${metadata.name}`, MERGE, { spec: { unschedulable: true } });
}

function statusOf(sandboxes: number, readySince: string): object {
  const time = new Date().toISOString();
  return {
    capacity: { sandboxes, conversations: sandboxes },
    lastHeartbeatTime: time.replace('Z', '000Z'),
    conditions: [
      {
        ...{ type: 'Ready', status: 'True', reason: 'EngineReady', message: 'ready' },
        lastTransitionTime: readySince,
      },
    ],
  };
}

async function beat(report: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await delay(HEARTBEAT_MS, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) await report();
  }
}

async function work(api: ApiUnderTest, done: (run: Run) => void, signal: AbortSignal): Promise<void> {
  const query = `watch=true&fieldSelector=spec.executorName%3D${NAME}`;
  const ended = new Set<string>();
  const seen = (line: string): void => {
    const { object } = JSON.parse(line) as { object: Sandbox };
    const { name } = object.metadata;
    if (object.status?.phase === 'Succeeded' || ended.has(name)) return;
    ended.add(name);
    void end(api, object).then(done);
  };
  const watch = await openLines((stopped) => api.open(`${SANDBOXES}?${query}`, stopped), seen, signal);
  await watch.ended;
}

async function end(api: ApiUnderTest, { metadata, spec }: Sandbox): Promise<Run> {
  const boundAt = performance.now();
  const result = { value: 'done', usage: { inputTokens: 1, outputTokens: 1 } };
  const finishedAt = new Date().toISOString().replace(/\.\d+/, '');
  const status = { phase: 'Succeeded', reason: 'Succeeded', result, finishedAt };
  await api.patch(`${SANDBOXES}/${metadata.name}/status`, MERGE, { status });
  return { task: spec.taskRef?.name ?? '', step: spec.step ?? 0, boundAt, endedAt: performance.now() };
}
