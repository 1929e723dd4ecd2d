import { backOffDelay } from '#api/machinery/back-off';
import type { BackOff } from '#api/machinery/back-off';
import { objectKey } from '#api/machinery/meta';
import type { Sandbox } from '#api/types/generated/sandbox';
import { liveOn } from '#api/types/sandboxes/live-sandboxes';
import { isFinalPhase } from '#api/types/sandboxes/sandbox';
import type { Change } from '../runtime/object-cache.ts';
import { earliest } from '../runtime/soonest.ts';
import { demandOf } from './binding/demand.ts';
import { SchedulingQueue } from './queue/scheduling-queue.ts';
import { isInteractive, turnOf } from './queue/turn.ts';
import { holdOf, Usage } from './usage.ts';
import type { Hold } from './usage.ts';

export interface ScheduleOptions {
  sandboxes: { get(key: string): Sandbox | undefined };
  /** All of the Task with this uid. */
  ofTask: (taskUID: string) => readonly Sandbox[];
}

/** Waits between the tries of a binding that the server does not take; what changes the Sandbox ends the wait. */
const BACK_OFF: BackOff = { first: 5, max: 60_000 };

interface BoundSandbox {
  sandbox: Sandbox;
  executorName: string;
}

/** A Sandbox whose binding failed. */
interface Parked {
  failures: number;
  /** When it is tried again, in milliseconds since the epoch. */
  at: number;
}

/**
 * Who waits and who has a place, kept up with each change of a Sandbox. Bindings under way count too: the cache
 * does not show them yet, and a burst of Sandboxes would all find the same free place (kube-scheduler assumes Pods for the
 * same reason).
 */
export class Schedule {
  readonly usage = new Usage();
  readonly queue = new SchedulingQueue(this.usage);
  readonly #options: ScheduleOptions;
  /** uids of Sandboxes whose binding the cache does not show yet. */
  readonly #assumed = new Map<string, string | undefined>();
  readonly #parked = new Map<string, Parked>();

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  /** @returns whether somebody who waits may get a place by that */
  observe({ key, old, new: now }: Change<Sandbox>): boolean {
    if (now === undefined || old?.metadata.resourceVersion !== now.metadata.resourceVersion)
      this.#parked.delete(key);
    if (now?.spec.executorName === undefined && this.isAssumed(now)) return false;
    this.#assumed.delete(key);
    const hasFreed = this.#hold(key, bindingOf(now));
    if (now === undefined || !isWaiting(now)) {
      this.queue.remove(key);
      return hasFreed;
    }
    return this.#line(now) || hasFreed;
  }

  /** It is about to be bound. */
  assume(sandbox: Sandbox, executorName: string): void {
    const key = objectKey(sandbox.metadata);
    this.#assumed.set(key, sandbox.metadata.uid);
    this.queue.remove(key);
    this.#hold(key, { sandbox, executorName });
  }

  /** It could not be bound: the place is free, and it waits again. */
  forget(key: string): void {
    this.#assumed.delete(key);
    const cached = this.#options.sandboxes.get(key);
    this.observe({ key, ...(cached === undefined ? {} : { new: cached, old: cached }) });
  }

  /** The server does not take its binding: others come first for a while. */
  park(key: string, now: number): void {
    const failures = (this.#parked.get(key)?.failures ?? 0) + 1;
    this.#parked.set(key, { failures, at: now + backOffDelay(BACK_OFF, failures) });
    this.queue.remove(key);
  }

  /** Lines up those whose time has come. */
  unpark(now: number): void {
    for (const [key, { at }] of this.#parked) {
      // One that has lined up since may be bound, and the cache not show it yet.
      if (at <= now && !this.#assumed.has(key)) this.forget(key);
    }
  }

  /** Milliseconds until somebody who was kept back lines up again; undefined when nobody is. */
  unparkedIn(now: number): number | undefined {
    return earliest([...this.#parked.values()].flatMap(({ at }) => (at > now ? [at - now] : [])));
  }

  /** Whether its binding is under way, or written and not shown by the cache yet. */
  isAssumed(sandbox: Sandbox | undefined): boolean {
    if (sandbox === undefined || isFinalPhase(sandbox.status?.phase)) return false;
    const key = objectKey(sandbox.metadata);
    return this.#assumed.has(key) && this.#assumed.get(key) === sandbox.metadata.uid;
  }

  #line(sandbox: Sandbox): boolean {
    const { metadata, spec } = sandbox;
    const key = objectKey(metadata);
    return this.queue.put(
      { key, namespace: metadata.namespace ?? '', user: spec.userName ?? '', turn: turnOf(sandbox) },
      {
        demand: demandOf(
          sandbox,
          tasksOf(sandbox).flatMap((uid) => this.#options.ofTask(uid)),
        ),
        isInteractive: isInteractive(sandbox),
      },
    );
  }

  /** @returns whether a place became free */
  #hold(key: string, bound: BoundSandbox | undefined): boolean {
    const before = this.usage.get(key);
    const isSame =
      before?.executorName === bound?.executorName && before?.uid === bound?.sandbox.metadata.uid;
    if (isSame) return false;
    const hold = bound && holdOf(bound.sandbox, bound.executorName);
    this.usage.set(key, hold);
    for (const changed of [before, hold]) if (changed !== undefined) this.#shareChanged(changed);
    return before !== undefined;
  }

  #shareChanged({ talks, namespace, user }: Hold): void {
    this.queue.shareChanged(talks, namespace, user);
  }
}

/** Uids of its Task, and of those whose work it goes on with. */
function tasksOf({ spec }: Sandbox): string[] {
  const others = (spec.continueFrom ?? []).flatMap(({ taskUID }) => taskUID ?? []);
  return [...new Set([spec.taskRef?.uid ?? '', ...others])];
}

function bindingOf(sandbox: Sandbox | undefined): BoundSandbox | undefined {
  if (sandbox === undefined) return undefined;
  const [executorName] = liveOn(sandbox);
  return executorName === undefined ? undefined : { sandbox, executorName };
}

/** It takes a place as soon as there is one. */
export function isWaiting({ metadata, spec, status }: Sandbox): boolean {
  return (
    spec.executorName === undefined &&
    spec.cancel !== true &&
    metadata.deletionTimestamp === undefined &&
    !isFinalPhase(status?.phase)
  );
}
