import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { objectKey } from '#api/machinery/meta';
import { refOf } from '#api/machinery/resource-type';
import { ignoreNotFound, isStatusError } from '#api/machinery/status-error';
import type { Executor } from '#api/types/generated/executor';
import type { Sandbox } from '#api/types/generated/sandbox';
import { SANDBOXES } from '#api/types/resources';
import { disruptionMessage } from '#api/types/sandboxes/sandbox';
import type { Reconcile } from '../runtime/controller.ts';
import type { EventSink } from '../runtime/controller-context.ts';
import { soonest } from '../runtime/soonest.ts';
import { writeStatus } from '../runtime/status-writer.ts';
import type { Demand } from './binding/demand.ts';
import { planBinding } from './binding/plan.ts';
import type { LossTime } from './binding/plan.ts';
import { planPreemption } from './binding/preemption.ts';
import type { PreemptionInput } from './binding/preemption.ts';
import type { Wait } from './binding/wait.ts';
import type { Candidate } from './queue/scheduling-queue.ts';
import type { Schedule } from './schedule.ts';
import { boundStatus } from './status.ts';

export interface SchedulerOptions {
  schedule: Schedule;
  sandboxes: { get(key: string): Sandbox | undefined };
  executors: { list(): readonly Executor[] };
  /** Why the quotas of a namespace do not allow it now. */
  refuse(namespace: string, demand: Demand): Wait | undefined;
  /**
   * Called with keys of Sandboxes whose reason to wait is new, and of those whose binding failed: while it was under way, nobody
   * has looked at a change of theirs, such as a deletion.
   */
  review(keys: readonly string[]): void;
  /** Absent: a run never gives way to another. */
  preemption?: Pick<PreemptionInput, 'liveOn' | 'ofTask'>;
  /** As LossTime. */
  graceMs: number;
  recorder: EventSink;
  clock: Clock;
}

type BindingClient = Pick<Client, 'patch' | 'update' | 'updateStatus'>;
type Context = SchedulerOptions & { client: BindingClient };

/** Bindings whose writes are under way at once. */
const MOST_BINDINGS = 8;

/**
 * Gives places to those who wait, one after the other in the order of the queue, until nobody fits. Its one key stands
 * for the whole queue: who is next is decided in memory, and only the bindings are written.
 */
export function schedulerReconciler(given: SchedulerOptions): Reconcile<BindingClient> {
  let watchingSince: number | undefined;
  const givingWay = new Set<string>();
  return async (_key, { client }) => {
    watchingSince ??= given.clock.now();
    const options: Context = { ...given, client };
    const { schedule, clock } = options;
    schedule.unpark(clock.now());
    const time = { now: clock.now(), watchingSince, graceMs: given.graceMs };
    await bindAll(options, time);
    await preempt(options, time, givingWay);
    options.review(schedule.queue.takeUnexplained());
    return soonest(schedule.unparkedIn(clock.now()), schedule.queue.recheckAfter());
  };
}

/** @throws the first failure of a write that has nothing to do with its Sandbox: the server is away, say */
async function bindAll(options: Context, time: LossTime): Promise<void> {
  const { schedule, executors, sandboxes } = options;
  const underWay = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const place = (demand: Demand) =>
    planBinding({
      ...{ executors: executors.list(), demand, time },
      load: (name) => schedule.usage.onExecutor(name),
    });
  while (failures.length === 0) {
    const candidate = schedule.queue.next({ place, refuse: options.refuse });
    if (candidate === undefined) break;
    const sandbox = sandboxes.get(candidate.waiting.key);
    if (sandbox === undefined) {
      schedule.queue.remove(candidate.waiting.key);
      continue;
    }
    schedule.assume(sandbox, candidate.executorName);
    const binding = bind(options, sandbox, candidate)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => underWay.delete(binding));
    underWay.add(binding);
    if (underWay.size >= MOST_BINDINGS) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  if (failures.length > 0) throw failures[0];
}

/** Writes one binding. One that its own Sandbox is to blame for waits, and holds up nobody else. */
async function bind(options: Context, sandbox: Sandbox, candidate: Candidate): Promise<void> {
  const { schedule, client, clock, recorder } = options;
  const { executorName, waiting } = candidate;
  try {
    const status = boundStatus(sandbox, executorName, formatTime(clock.now()));
    const current = await writeStatus(client, SANDBOXES, { object: sandbox, status });
    await client.update(SANDBOXES, { ...current, spec: { ...current.spec, executorName } });
  } catch (error) {
    schedule.forget(waiting.key);
    options.review([waiting.key]);
    if (!isOfSandbox(error)) throw error;
    schedule.park(waiting.key, clock.now());
    return;
  }
  const message = `Bound to Executor ${executorName}.`;
  recorder.event(sandbox, { type: 'Normal', reason: 'SandboxBound', message });
}

/**
 * Takes a place from a run of lower priority for the first of those who wait, one at a time: the next one is looked for when the
 * cache shows that the one before gives way.
 */
async function preempt(options: Context, time: LossTime, givingWay: Set<string>): Promise<void> {
  const { schedule, sandboxes, executors, preemption, refuse, client, recorder } = options;
  if (preemption === undefined) return;
  for (const key of givingWay) {
    const run = sandboxes.get(key);
    if (run === undefined || run.spec.disruption !== undefined) givingWay.delete(key);
  }
  for (const { waiting, demand } of schedule.queue.blocked(refuse)) {
    if (givingWay.size > 0) return;
    const priority = sandboxes.get(waiting.key)?.spec.priority ?? 0;
    const input = { waiting: { priority, demand }, executors: executors.list(), ...preemption, time };
    const run = planPreemption(input);
    if (run === undefined) continue;
    const body = { spec: { cancel: true, disruption: 'Preempted' } };
    await ignoreNotFound(client.patch(SANDBOXES, refOf(run), { type: 'merge', body }));
    givingWay.add(objectKey(run.metadata));
    recorder.event(run, { type: 'Warning', reason: 'Preempted', message: disruptionMessage('Preempted') });
  }
}

function isOfSandbox(error: unknown): boolean {
  return (
    isStatusError(error, 'Conflict') ||
    isStatusError(error, 'NotFound') ||
    isStatusError(error, 'Invalid') ||
    isStatusError(error, 'Forbidden') ||
    isStatusError(error, 'RequestEntityTooLarge')
  );
}
