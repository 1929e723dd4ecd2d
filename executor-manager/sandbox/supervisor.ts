import type { ReflectorTarget } from '#api/client/reflector';
import { sleep } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import { objectKey } from '#api/machinery/meta';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { LivePhase } from '../executor/executor-figures.ts';
import type { ExecutorContext } from './context.ts';
import { isProbe, isRun } from '#api/types/sandboxes/sandbox';
import { ProbeLifecycle } from '../probe/probe-lifecycle.ts';
import { Lifecycle } from './lifecycle.ts';
import type { SandboxLifecycle } from './sandbox-lifecycle.ts';
import { runtimeOf } from './sandbox-keys.ts';
import { isFinal } from './status.ts';

/** A lifecycle that failed for a reason nobody foresaw begins again after this. */
const RETRY_MS = 2000;

/** The Sandboxes of one executor: keeps a lifecycle going for each that has something left to do. */
export class Supervisor implements ReflectorTarget<Sandbox> {
  readonly #context: ExecutorContext;
  readonly #signal: AbortSignal;
  /** The Sandboxes as the watch last showed them, by key. */
  readonly #known = new Map<string, Sandbox>();
  /** By uid. */
  readonly #lifecycles = new Map<string, SandboxLifecycle>();
  /** Uids of those ended by a lifecycle, whatever the watch, which may be behind, still shows. */
  readonly #settled = new Set<string>();
  readonly #listed = Promise.withResolvers<void>();

  constructor(context: ExecutorContext, signal: AbortSignal) {
    this.#context = context;
    this.#signal = signal;
  }

  /** Resolves when the server's list was seen for the first time. */
  get listed(): Promise<void> {
    return this.#listed.promise;
  }

  replace(sandboxes: readonly Sandbox[]): void {
    const present = new Set(sandboxes.map(uidOf));
    for (const sandbox of this.#known.values()) if (!present.has(uidOf(sandbox))) this.#forget(sandbox);
    for (const sandbox of sandboxes) this.#add(sandbox);
    this.#listed.resolve();
  }

  apply(type: string, sandbox: Sandbox): void {
    if (type === 'DELETED') this.#forget(sandbox);
    else this.#add(sandbox);
  }

  /** Whether a runtime is to be left alone. */
  isWanted(runtimeID: string): boolean {
    if (this.#lifecycles.values().some((lifecycle) => lifecycle.runtimeID === runtimeID)) return true;
    return this.#known.values().some((it) => runtimeOf(it) === runtimeID && this.#hasWork(it));
  }

  find(namespace: string, name: string): Sandbox | undefined {
    return this.#known.get(objectKey({ namespace, name }));
  }

  /** Whether a Sandbox of this Task is known. */
  hasTask(taskUID: string): boolean {
    return this.#known.values().some((sandbox) => sandbox.spec.taskRef?.uid === taskUID);
  }

  /** Of all Tasks that have a Sandbox here. */
  taskUIDs(): ReadonlySet<string> {
    return new Set(
      this.#known.values().flatMap(({ spec }) => (spec.taskRef === undefined ? [] : [spec.taskRef.uid])),
    );
  }

  /** How many are in a phase before their end, as the watch last showed them. */
  count(phase: LivePhase): number {
    const inPhase = ({ status }: Sandbox): boolean => (status?.phase ?? 'Pending') === phase;
    return this.#known.values().filter(inPhase).toArray().length;
  }

  /** Lets go of every lifecycle; the sandboxes run on. */
  async stop(): Promise<void> {
    const all = [...this.#lifecycles.values()];
    for (const lifecycle of all) lifecycle.stop();
    await Promise.allSettled(all.map((lifecycle) => lifecycle.done));
  }

  /** Also one that has ended: an earlier manager may not have come to save its work and to remove its runtime. */
  #hasWork(sandbox: Sandbox): boolean {
    if (sandbox.metadata.deletionTimestamp !== undefined) return true;
    if (this.#settled.has(uidOf(sandbox))) return false;
    return !isFinal(sandbox) || runtimeOf(sandbox) !== undefined;
  }

  #add(sandbox: Sandbox): void {
    const before = this.#known.get(keyOf(sandbox));
    if (before !== undefined && uidOf(before) !== uidOf(sandbox)) this.#forget(before);
    this.#known.set(keyOf(sandbox), sandbox);
    this.#ensure(sandbox);
  }

  #forget(sandbox: Sandbox): void {
    const key = keyOf(sandbox);
    const uid = uidOf(sandbox);
    if (uidOf(this.#known.get(key) ?? sandbox) === uid) this.#known.delete(key);
    const lifecycle = this.#lifecycles.get(uid);
    if (lifecycle === undefined) this.#settled.delete(uid);
    else lifecycle.observe(undefined);
  }

  #ensure(sandbox: Sandbox): void {
    const existing = this.#lifecycles.get(uidOf(sandbox));
    if (existing !== undefined) existing.observe(sandbox);
    else if (this.#hasWork(sandbox) && !this.#signal.aborted) {
      const lifecycle = this.#begin(sandbox);
      if (lifecycle === undefined) return;
      this.#lifecycles.set(uidOf(sandbox), lifecycle);
      void this.#followUp(lifecycle, sandbox);
    }
  }

  /** Undefined for what this version cannot do; the CRD lets nothing of the kind be made. */
  #begin(sandbox: Sandbox): SandboxLifecycle | undefined {
    if (isRun(sandbox)) return new Lifecycle(this.#context, sandbox);
    return isProbe(sandbox) ? new ProbeLifecycle(this.#context, sandbox) : undefined;
  }

  async #followUp(lifecycle: SandboxLifecycle, sandbox: Sandbox): Promise<void> {
    const { logger, clock } = this.#context;
    const uid = uidOf(sandbox);
    let failed = false;
    try {
      await lifecycle.done;
      this.#settled.add(uid);
    } catch (error) {
      failed = true;
      logger.error('a sandbox could not be driven, trying again', { uid, cause: describeError(error) });
      await sleep(clock, RETRY_MS, this.#signal).catch(() => undefined);
    }
    this.#lifecycles.delete(uid);
    const latest = this.#known.get(keyOf(sandbox));
    if (latest === undefined || uidOf(latest) !== uid) this.#settled.delete(uid);
    // News that came after the lifecycle had decided, such as a deletion.
    else if (failed || latest !== sandbox) this.#ensure(latest);
  }
}

const uidOf = (sandbox: Sandbox): string => sandbox.metadata.uid ?? '';
const keyOf = (sandbox: Sandbox): string => objectKey(sandbox.metadata);
