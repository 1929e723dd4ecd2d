import type { ReflectorTarget } from '#api/client/reflector';
import { sleep } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import { objectKey } from '#api/machinery/meta';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { SandboxContext } from './context.ts';
import { startLifecycle } from './lifecycle.ts';
import type { Lifecycle } from './lifecycle.ts';
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
  const self: Self = { context, signal, known: new Map(), lifecycles: new Map(), settled: new Set() };
  const { known, lifecycles } = self;
  const listed = Promise.withResolvers<void>();
  return {
    listed: listed.promise,
    replace(sandboxes) {
      const present = new Set(sandboxes.map(uidOf));
      for (const sandbox of known.values()) if (!present.has(uidOf(sandbox))) forget(self, sandbox);
      for (const sandbox of sandboxes) add(self, sandbox);
      listed.resolve();
    },
    apply(type, sandbox) {
      if (type === 'DELETED') forget(self, sandbox);
      else add(self, sandbox);
    },
    isWanted(uid) {
      if (lifecycles.has(uid)) return true;
      return known.values().some((sandbox) => uidOf(sandbox) === uid && hasWork(self, sandbox));
    },
    hasTask: (taskUID) => known.values().some((sandbox) => sandbox.spec.taskRef.uid === taskUID),
    async stop() {
      const all = [...lifecycles.values()];
      for (const lifecycle of all) lifecycle.stop();
      await Promise.allSettled(all.map((lifecycle) => lifecycle.done));
    },
  };
}

interface Self {
  context: SandboxContext;
  signal: AbortSignal;
  /** The Sandboxes as the watch last showed them, by key. */
  known: Map<string, Sandbox>;
  /** By uid. */
  lifecycles: Map<string, Lifecycle>;
  /** Uids of those ended by a lifecycle, whatever the watch, which may be behind, still shows. */
  settled: Set<string>;
}

const uidOf = (sandbox: Sandbox): string => sandbox.metadata.uid ?? '';
const keyOf = (sandbox: Sandbox): string => objectKey(sandbox.metadata);

function hasWork(self: Self, sandbox: Sandbox): boolean {
  if (sandbox.metadata.deletionTimestamp !== undefined) return true;
  return !isFinal(sandbox) && !self.settled.has(uidOf(sandbox));
}

function add(self: Self, sandbox: Sandbox): void {
  const before = self.known.get(keyOf(sandbox));
  if (before !== undefined && uidOf(before) !== uidOf(sandbox)) forget(self, before);
  self.known.set(keyOf(sandbox), sandbox);
  ensure(self, sandbox);
}

function forget(self: Self, sandbox: Sandbox): void {
  const key = keyOf(sandbox);
  const uid = uidOf(sandbox);
  if (uidOf(self.known.get(key) ?? sandbox) === uid) self.known.delete(key);
  const lifecycle = self.lifecycles.get(uid);
  if (lifecycle === undefined) self.settled.delete(uid);
  else lifecycle.observe(undefined);
}

function ensure(self: Self, sandbox: Sandbox): void {
  const existing = self.lifecycles.get(uidOf(sandbox));
  if (existing !== undefined) existing.observe(sandbox);
  else if (hasWork(self, sandbox) && !self.signal.aborted) {
    const lifecycle = startLifecycle(self.context, sandbox);
    self.lifecycles.set(uidOf(sandbox), lifecycle);
    void followUp(self, lifecycle, sandbox);
  }
}

async function followUp(self: Self, lifecycle: Lifecycle, sandbox: Sandbox): Promise<void> {
  const { context, settled } = self;
  const uid = uidOf(sandbox);
  let failed = false;
  try {
    await lifecycle.done;
    settled.add(uid);
  } catch (error) {
    failed = true;
    context.logger.error('a sandbox could not be driven, trying again', { uid, cause: describeError(error) });
    await sleep(context.clock, RETRY_MS, self.signal).catch(() => undefined);
  }
  self.lifecycles.delete(uid);
  const latest = self.known.get(keyOf(sandbox));
  if (latest === undefined || uidOf(latest) !== uid) settled.delete(uid);
  // What came to be known after the lifecycle had made up its mind, such as a deletion.
  else if (failed || latest !== sandbox) ensure(self, latest);
}
