import type { ReflectorTarget } from '#api/client/reflector';
import { sleep } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import { objectKey } from '#api/machinery/meta';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { SandboxContext } from './context.ts';
import { type Lifecycle, startLifecycle } from './lifecycle.ts';
import { isFinal } from './status.ts';

/** The Sandboxes of one executor: keeps a lifecycle going for each that has something left to do. */
export interface Supervisor extends ReflectorTarget<Sandbox> {
  /** Whether a container or process of this sandbox is to be left alone. */
  isWanted(sandboxUID: string): boolean;
  /** Whether a Sandbox of this Task is known. */
  hasTask(taskUID: string): boolean;
  /** Resolves when the server's list was seen for the first time. */
  listed: Promise<void>;
  /** Lets go of every lifecycle; the sandboxes run on. */
  stop(): Promise<void>;
}

/** A lifecycle that failed for a reason nobody foresaw begins anew after this. */
const RETRY_MS = 2000;

export function createSupervisor(context: SandboxContext, signal: AbortSignal): Supervisor {
  const known = new Map<string, Sandbox>();
  const lifecycles = new Map<string, Lifecycle>();
  /** Ended by a lifecycle, whatever the watch, which may be behind, still shows. */
  const settled = new Set<string>();
  const listed = Promise.withResolvers<void>();
  const uidOf = (sandbox: Sandbox): string => sandbox.metadata.uid ?? '';
  const keyOf = (sandbox: Sandbox): string => objectKey(sandbox.metadata);

  function hasWork(sandbox: Sandbox): boolean {
    if (sandbox.metadata.deletionTimestamp !== undefined) return true;
    return !isFinal(sandbox) && !settled.has(uidOf(sandbox));
  }

  function ensure(sandbox: Sandbox): void {
    const uid = uidOf(sandbox);
    const existing = lifecycles.get(uid);
    if (existing !== undefined) existing.observe(sandbox);
    else if (hasWork(sandbox) && !signal.aborted) begin(sandbox);
  }

  function begin(sandbox: Sandbox): void {
    const uid = uidOf(sandbox);
    const lifecycle = startLifecycle(context, sandbox);
    lifecycles.set(uid, lifecycle);
    void followUp(lifecycle, sandbox);
  }

  async function followUp(lifecycle: Lifecycle, sandbox: Sandbox): Promise<void> {
    const uid = uidOf(sandbox);
    let failed = false;
    try {
      await lifecycle.done;
      settled.add(uid);
    } catch (error) {
      failed = true;
      context.logger.error('a sandbox could not be driven, trying again', {
        uid,
        cause: describeError(error),
      });
      await sleep(context.clock, RETRY_MS, signal).catch(() => undefined);
    }
    lifecycles.delete(uid);
    const latest = known.get(keyOf(sandbox));
    if (latest === undefined || uidOf(latest) !== uid) settled.delete(uid);
    // What came to be known after the lifecycle had made up its mind, such as a deletion.
    else if (failed || latest !== sandbox) ensure(latest);
  }

  function forget(sandbox: Sandbox): void {
    const key = keyOf(sandbox);
    if (uidOf(known.get(key) ?? sandbox) === uidOf(sandbox)) known.delete(key);
    if (!lifecycles.has(uidOf(sandbox))) settled.delete(uidOf(sandbox));
    lifecycles.get(uidOf(sandbox))?.observe(undefined);
  }

  function add(sandbox: Sandbox): void {
    const before = known.get(keyOf(sandbox));
    if (before !== undefined && uidOf(before) !== uidOf(sandbox)) forget(before);
    known.set(keyOf(sandbox), sandbox);
    ensure(sandbox);
  }

  return {
    listed: listed.promise,
    replace(sandboxes) {
      const present = new Set(sandboxes.map(uidOf));
      for (const sandbox of known.values()) if (!present.has(uidOf(sandbox))) forget(sandbox);
      for (const sandbox of sandboxes) add(sandbox);
      listed.resolve();
    },
    apply(type, sandbox) {
      if (type === 'DELETED') forget(sandbox);
      else add(sandbox);
    },
    isWanted(uid) {
      if (lifecycles.has(uid)) return true;
      for (const sandbox of known.values()) if (uidOf(sandbox) === uid) return hasWork(sandbox);
      return false;
    },
    hasTask(taskUID) {
      for (const sandbox of known.values()) if (sandbox.spec.taskRef.uid === taskUID) return true;
      return false;
    },
    async stop() {
      const all = [...lifecycles.values()];
      for (const lifecycle of all) lifecycle.stop();
      await Promise.allSettled(all.map((lifecycle) => lifecycle.done));
    },
  };
}
