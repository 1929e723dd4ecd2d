import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { objectKey } from '#api/machinery/meta';
import { refOf } from '#api/machinery/resource-type';
import type { Executor } from '#api/types/generated/executor';
import type { Sandbox } from '#api/types/generated/sandbox';
import { EXECUTORS, SANDBOXES } from '#api/types/resources';
import { isFinalPhase, SANDBOX_FINALIZER } from '#api/types/sandboxes/sandbox';
import type { Reconcile, ReconcileResult } from '../runtime/controller.ts';
import type { EventSink } from '../runtime/controller-context.ts';
import { writeStatus } from '../runtime/status-writer.ts';
import { lostIn } from './binding/plan.ts';
import type { LossTime } from './binding/plan.ts';
import type { Schedule } from './schedule.ts';
import { cancelledStatus, lostStatus, waitingStatus } from './status.ts';

export interface SandboxReconcilerOptions {
  sandboxes: { get(key: string): Sandbox | undefined };
  executors: { get(key: string): Executor | undefined };
  schedule: Pick<Schedule, 'isAssumed' | 'queue'>;
  /** As LossTime. */
  graceMs: number;
  recorder: EventSink;
  clock: Clock;
}

type SandboxClient = Pick<Client, 'find' | 'patch' | 'updateStatus'>;
type Context = SandboxReconcilerOptions & Pick<LossTime, 'watchingSince'> & { client: SandboxClient };

/** Says why a Sandbox waits, and deals with the loss of an Executor. The scheduler binds. */
export function sandboxReconciler(given: SandboxReconcilerOptions): Reconcile<SandboxClient> {
  let watchingSince: number | undefined;
  return async (key, { client }) => {
    // From the first look on, not from the start: that may have waited long for a server that was away.
    watchingSince ??= given.clock.now();
    const options: Context = { ...given, client, watchingSince };
    const sandbox = options.sandboxes.get(key);
    if (sandbox === undefined) return undefined;
    const isBound = sandbox.spec.executorName !== undefined;
    // The cache does not show the binding yet: its change will bring the key back, or the scheduler does where it fails.
    if (!isBound && options.schedule.isAssumed(sandbox)) return undefined;
    if (sandbox.metadata.deletionTimestamp !== undefined) return release(options, sandbox);
    if (isWaitingInVain(sandbox)) return cancel(options, sandbox, 'Cancelled while a person was asked.');
    if (isFinalPhase(sandbox.status?.phase)) return undefined;
    if (isBound) return watchOver(options, sandbox);
    return sandbox.spec.cancel === true
      ? cancel(options, sandbox, 'Cancelled before it started.')
      : explain(options, sandbox);
  };
}

/** It has no runtime, and no executor manager looks at it any longer. */
const isWaitingInVain = ({ spec, status }: Sandbox): boolean =>
  status?.phase === 'Suspended' && spec.cancel === true;

/** The scheduler knows why; until it has looked, there is nothing to say. */
async function explain(options: Context, sandbox: Sandbox): Promise<void> {
  const wait = options.schedule.queue.reasonOf(objectKey(sandbox.metadata));
  if (wait === undefined) return;
  const status = waitingStatus(sandbox, wait, now(options));
  const written = await writeStatus(options.client, SANDBOXES, { object: sandbox, status });
  if (written === sandbox) return;
  options.recorder.event(sandbox, { type: 'Warning', reason: 'FailedScheduling', message: wait.message });
}

async function cancel(options: Context, sandbox: Sandbox, message: string): Promise<void> {
  const status = cancelledStatus(sandbox, message, now(options));
  await writeStatus(options.client, SANDBOXES, { object: sandbox, status });
}

/** A bound Sandbox is the executor manager's, unless that has gone. */
async function watchOver(options: Context, sandbox: Sandbox): Promise<ReconcileResult | void> {
  const loss = await lossOf(options, sandbox.spec.executorName ?? '');
  if (!loss.isLost) return loss.recheck;
  const status = lostStatus(sandbox, loss.message, now(options));
  await writeStatus(options.client, SANDBOXES, { object: sandbox, status });
  options.recorder.event(sandbox, { type: 'Warning', reason: 'ExecutorLost', message: loss.message });
  return undefined;
}

/**
 * A deleted Sandbox goes when its executor manager has removed the container. Where there is none to do so,
 * the finalizer is taken off here; the patch is version-checked, so a binding in between wins.
 */
async function release(options: Context, sandbox: Sandbox): Promise<ReconcileResult | void> {
  const finalizers = sandbox.metadata.finalizers ?? [];
  if (!finalizers.includes(SANDBOX_FINALIZER)) return undefined;
  if (sandbox.spec.executorName !== undefined) {
    const loss = await lossOf(options, sandbox.spec.executorName);
    if (!loss.isLost) return loss.recheck;
  }
  const kept = finalizers.filter((finalizer) => finalizer !== SANDBOX_FINALIZER);
  const { resourceVersion } = sandbox.metadata;
  const body = { metadata: { resourceVersion, finalizers: kept } };
  await options.client.patch(SANDBOXES, refOf(sandbox), { type: 'merge', body });
  return undefined;
}

type Loss = { isLost: true; message: string } | { isLost: false; recheck: ReconcileResult };

async function lossOf(options: Context, name: string): Promise<Loss> {
  const executor = await executorNow(options, name);
  if (executor === undefined) return { isLost: true, message: `Executor ${name} does not exist any more.` };
  const left = lostIn(executor, lossTime(options));
  if (left <= 0) return { isLost: true, message: `Executor ${name} has not been ready for too long.` };
  return { isLost: false, recheck: Number.isFinite(left) ? { requeueAfter: left } : {} };
}

/** The cache may not show an Executor that has just been made anew. */
async function executorNow({ executors, client }: Context, name: string): Promise<Executor | undefined> {
  return executors.get(name) ?? client.find(EXECUTORS, { name });
}

const lossTime = ({ clock, watchingSince, graceMs }: Context): LossTime => ({
  now: clock.now(),
  ...{ watchingSince, graceMs },
});

const now = ({ clock }: Context): string => formatTime(clock.now());
