import { readLines } from '#api/client/line-stream';
import { sleep } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { REMOVED } from '../driver.ts';
import type { RuntimeExit } from '../driver.ts';
import { ownedBy } from './container-options.ts';
import type { EngineConnection } from './engine-connection.ts';

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
  Actor?: { Attributes?: { name?: string } };
}

const RECONNECT_MS = 500;

/**
 * Tells when containers end, from the engine's event stream; nobody polls. Starts to listen at once and goes on until
 * the signal aborts, whatever the engine does.
 */
export class ExitWatch {
  readonly #options: ExitWatchOptions;
  /** Names of containers in which something was killed because memory ran out. */
  readonly #outOfMemory = new Set<string>();
  /** By container name: looks whether it has ended. */
  readonly #checks = new Map<string, Set<() => void>>();

  constructor(options: ExitWatchOptions) {
    this.#options = options;
    void this.#listenOn();
  }

  /** Whether the kernel has killed something in the container because memory ran out. */
  isOutOfMemory(container: string): boolean {
    return this.#outOfMemory.has(container);
  }

  /** Resolves when the container has ended or is gone. Rejects when `signal` aborts. */
  exited(container: string, signal: AbortSignal): Promise<RuntimeExit> {
    const checks = this.#checks;
    return new Promise((resolve, reject) => {
      const again = (): void => {
        void this.#inspect(container).then((exit) => {
          if (exit === 'unknown') laterAgain();
          else if (exit !== undefined) done(() => resolve(exit));
        });
      };
      // The event that caused the question does not come twice.
      const laterAgain = (): void => {
        void sleep(this.#options.clock, RECONNECT_MS, signal).then(again, () => undefined);
      };
      const onAbort = (): void => done(() => reject(signal.reason as Error));
      const done = (settle: () => void): void => {
        signal.removeEventListener('abort', onAbort);
        const others = checks.get(container);
        others?.delete(again);
        if (others?.size === 0) checks.delete(container);
        settle();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      checks.set(container, (checks.get(container) ?? new Set()).add(again));
      if (signal.aborted) onAbort();
      else again();
    });
  }

  async #listenOn(): Promise<void> {
    const { signal, clock, logger } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#listen();
      } catch (error) {
        if (!signal.aborted)
          logger.debug('event stream of the engine broke', { cause: describeError(error) });
      }
      await sleep(clock, RECONNECT_MS, signal).catch(() => undefined);
    }
  }

  async #listen(): Promise<void> {
    const { engine, signal } = this.#options;
    const filters = {
      type: ['container'],
      event: ['die', 'destroy', 'oom'],
      label: ownedBy(this.#options),
    };
    const stream = await engine.streams.getEvents({ filters: JSON.stringify(filters), abortSignal: signal });
    // We have to ask for containers that ended while nobody listened.
    for (const container of this.#checks.keys()) this.#check(container);
    const bytes = stream as AsyncIterable<Uint8Array>;
    for await (const line of readLines(bytes)) this.#take(JSON.parse(line) as EngineEvent);
  }

  #take(event: EngineEvent): void {
    const container = event.Actor?.Attributes?.name ?? '';
    if (event.Action === 'oom') this.#outOfMemory.add(container);
    if (event.Action === 'die' || event.Action === 'destroy') this.#check(container);
    if (event.Action === 'destroy') this.#outOfMemory.delete(container);
  }

  #check(container: string): void {
    this.#checks.get(container)?.forEach((again) => again());
  }

  /** Undefined while it runs. */
  async #inspect(container: string): Promise<RuntimeExit | 'unknown' | undefined> {
    const killed = this.isOutOfMemory(container);
    try {
      const { State: state } = await this.#options.engine.calls.getContainer(container).inspect();
      if (state.Running || state.Restarting || state.Status === 'created') return undefined;
      const error = state.Error === '' ? '' : ` (${state.Error})`;
      return { how: `exited with code ${state.ExitCode}${error}`, outOfMemory: state.OOMKilled || killed };
    } catch (error) {
      if ((error as { statusCode?: number }).statusCode !== 404) return 'unknown';
      return { how: REMOVED, outOfMemory: killed };
    }
  }
}
