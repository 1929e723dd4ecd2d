import { sleep } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { readLines } from '#api/client/line-stream';
import type { RuntimeExit } from '../driver.ts';
import { ownedBy } from './container-options.ts';
import type { EngineConnection } from './engine-connection.ts';

/** Tells when containers end, from the engine's event stream; nobody polls. */
export interface ExitWatch {
  /** Resolves when the container has ended or is gone. Rejects when `signal` aborts. */
  exited(containerID: string, signal: AbortSignal): Promise<RuntimeExit>;
  /** Whether the kernel has killed something in the container for want of memory. */
  isOutOfMemory(containerID: string): boolean;
}

export interface ExitWatchOptions {
  engine: EngineConnection;
  executorName: string;
  owner: string;
  logger: Logger;
  clock: Clock;
  signal: AbortSignal;
}

interface EngineEvent {
  Action?: string;
  Actor?: { ID?: string };
}

const RECONNECT_MS = 500;

/** Starts to listen at once and goes on until the signal aborts, whatever the engine does. */
export function createExitWatch(options: ExitWatchOptions): ExitWatch {
  const self: Self = { options, outOfMemory: new Set(), checks: new Map() };
  void listenOn(self);
  return {
    isOutOfMemory: (id) => self.outOfMemory.has(id),
    exited: (id, signal) => exited(self, id, signal),
  };
}

interface Self {
  options: ExitWatchOptions;
  /** Ids of containers in which something was killed for want of memory. */
  outOfMemory: Set<string>;
  /** By container id: looks whether it has ended. */
  checks: Map<string, Set<() => void>>;
}

async function listenOn(self: Self): Promise<void> {
  const { signal, clock, logger } = self.options;
  while (!signal.aborted) {
    try {
      await listen(self);
    } catch (error) {
      if (!signal.aborted) logger.debug('event stream of the engine broke', { cause: describeError(error) });
    }
    await sleep(clock, RECONNECT_MS, signal).catch(() => undefined);
  }
}

async function listen(self: Self): Promise<void> {
  const { engine, signal } = self.options;
  const filters = {
    type: ['container'],
    event: ['die', 'destroy', 'oom'],
    label: ownedBy(self.options),
  };
  const stream = await engine.streams.getEvents({ filters: JSON.stringify(filters), abortSignal: signal });
  // What ended while nobody listened has to be asked for.
  for (const id of self.checks.keys()) check(self, id);
  const bytes = stream as AsyncIterable<Uint8Array>;
  for await (const line of readLines(bytes)) take(self, JSON.parse(line) as EngineEvent);
}

function take(self: Self, event: EngineEvent): void {
  const id = event.Actor?.ID ?? '';
  if (event.Action === 'oom') self.outOfMemory.add(id);
  if (event.Action === 'die' || event.Action === 'destroy') check(self, id);
  if (event.Action === 'destroy') self.outOfMemory.delete(id);
}

function check(self: Self, id: string): void {
  self.checks.get(id)?.forEach((again) => again());
}

function exited(self: Self, id: string, signal: AbortSignal): Promise<RuntimeExit> {
  const { checks } = self;
  return new Promise((resolve, reject) => {
    const again = (): void => {
      void inspect(self, id).then((exit) => {
        if (exit === 'unknown') laterAgain();
        else if (exit !== undefined) done(() => resolve(exit));
      });
    };
    // The event that caused the question does not come twice.
    const laterAgain = (): void => {
      void sleep(self.options.clock, RECONNECT_MS, signal).then(again, () => undefined);
    };
    const onAbort = (): void => done(() => reject(signal.reason as Error));
    const done = (settle: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      const others = checks.get(id);
      others?.delete(again);
      if (others?.size === 0) checks.delete(id);
      settle();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    checks.set(id, (checks.get(id) ?? new Set()).add(again));
    if (signal.aborted) onAbort();
    else again();
  });
}

/** Undefined while it runs. */
async function inspect(self: Self, id: string): Promise<RuntimeExit | 'unknown' | undefined> {
  const killed = self.outOfMemory.has(id);
  try {
    const { State: state } = await self.options.engine.calls.getContainer(id).inspect();
    if (state.Running || state.Restarting || state.Status === 'created') return undefined;
    const error = state.Error === '' ? '' : ` (${state.Error})`;
    return { how: `exited with code ${state.ExitCode}${error}`, outOfMemory: state.OOMKilled || killed };
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== 404) return 'unknown';
    return { how: 'was removed', outOfMemory: killed };
  }
}
