import { type Clock, sleep } from '#api/machinery/clock';
import { describeError, type Logger } from '#api/machinery/logger';
import { readLines } from '#api/client/line-stream';
import type { RuntimeExit } from '../driver.ts';
import { LABEL } from './container-options.ts';
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
  const { engine, signal, clock, logger } = options;
  const outOfMemory = new Set<string>();
  const checks = new Map<string, Set<() => void>>();

  const check = (id: string): void => checks.get(id)?.forEach((again) => again());

  function take(event: EngineEvent): void {
    const id = event.Actor?.ID ?? '';
    if (event.Action === 'oom') outOfMemory.add(id);
    if (event.Action === 'destroy') outOfMemory.delete(id);
    if (event.Action === 'die' || event.Action === 'destroy') check(id);
  }

  async function listen(): Promise<void> {
    const filters = {
      type: ['container'],
      event: ['die', 'destroy', 'oom'],
      label: [`${LABEL.executor}=${options.executorName}`],
    };
    const stream = await engine.streams.getEvents({ filters: JSON.stringify(filters), abortSignal: signal });
    // What ended while nobody listened has to be asked for.
    for (const id of checks.keys()) check(id);
    const bytes = stream as AsyncIterable<Uint8Array>;
    for await (const line of readLines(bytes)) take(JSON.parse(line) as EngineEvent);
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await listen().catch((error: unknown) => {
        if (!signal.aborted)
          logger.debug('event stream of the engine broke', { cause: describeError(error) });
      });
      await sleep(clock, RECONNECT_MS, signal).catch(() => undefined);
    }
  }
  void run();

  /** Undefined while it runs, or while the engine does not say. */
  async function inspect(id: string): Promise<RuntimeExit | undefined> {
    try {
      const { State: state } = await engine.calls.getContainer(id).inspect();
      if (state.Running || state.Restarting || state.Status === 'created') return undefined;
      const error = state.Error === '' ? '' : ` (${state.Error})`;
      return {
        how: `exited with code ${state.ExitCode}${error}`,
        outOfMemory: state.OOMKilled || outOfMemory.has(id),
      };
    } catch (error) {
      if ((error as { statusCode?: number }).statusCode !== 404) return undefined;
      return { how: 'was removed', outOfMemory: outOfMemory.has(id) };
    }
  }

  return {
    isOutOfMemory: (id) => outOfMemory.has(id),
    exited(id, waiter) {
      return new Promise((resolve, reject) => {
        const again = (): void => {
          void inspect(id).then((exit) => {
            if (exit !== undefined) done(() => resolve(exit));
          });
        };
        const onAbort = (): void => done(() => reject(waiter.reason as Error));
        const done = (settle: () => void): void => {
          waiter.removeEventListener('abort', onAbort);
          const others = checks.get(id);
          others?.delete(again);
          if (others?.size === 0) checks.delete(id);
          settle();
        };
        waiter.addEventListener('abort', onAbort, { once: true });
        checks.set(id, (checks.get(id) ?? new Set()).add(again));
        if (waiter.aborted) onAbort();
        else again();
      });
    },
  };
}
