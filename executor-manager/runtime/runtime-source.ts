import { randomUUID } from 'node:crypto';
import type { Clock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import { isStatusError } from '#api/machinery/status-error';
import type { OnProgress, Runtime, RuntimeDriver, RuntimeSpec } from '../drivers/driver.ts';
import { retryUntilDone } from '../retry.ts';

/** The needs of a run for the runtime that it is assigned to. */
export type RuntimeNeed = Pick<RuntimeSpec, 'image' | 'limits' | 'registryCredential'>;

/**
 * Where the runtimes of Sandboxes come from. One is used for one run. A source may start each when it is asked for, or
 * have some ready that were started before anybody knew of the run.
 */
export interface RuntimeSource {
  /**
   * Sets one aside for the run of this id, at once and without starting anything: the runtime's id is written down
   * before that.
   */
  reserve(need: RuntimeNeed, runID: string): Reservation;
  /** Whether it is the source's own, waiting for a run: nobody else may remove it. */
  isWaiting(runtimeID: string): boolean;
}

export interface Reservation {
  readonly runtimeID: string;
  /**
   * The runtime, running; waits for an engine that is away.
   * @throws StatusError when it cannot be started, as for an image that is not there; the signal's reason.
   */
  start(signal: AbortSignal, onProgress?: OnProgress): Promise<Runtime>;
  /** In place of `start`: the run will not use it, and nobody was told of it. */
  release(): void;
}

export interface RuntimeStart {
  driver: Pick<RuntimeDriver, 'start'>;
  spec: RuntimeSpec;
  clock: Clock;
  logger: Logger;
  signal: AbortSignal;
  onProgress?: OnProgress | undefined;
}

/** Starts a runtime, waiting for an engine that is away. @throws as Reservation.start */
export function startRuntime({ driver, spec, onProgress, ...retry }: RuntimeStart): Promise<Runtime> {
  // An engine that answers with an error of its own fails the attempt: the user learns of it, and another is made.
  const isAway = (error: unknown): boolean => isStatusError(error, 'ServiceUnavailable');
  const options = { ...retry, isCurable: isAway, what: 'start a sandbox' };
  return retryUntilDone(() => driver.start(spec, retry.signal, onProgress), options);
}

export interface StartedOnDemandOptions {
  driver: Pick<RuntimeDriver, 'start'>;
  tokenFor: (runtimeID: string) => { hash: string };
  /** Makes the id of the runtime for a run; absent: newRuntimeID. */
  newID?: (runID: string) => string;
  clock: Clock;
  logger: Logger;
}

/** A new runtime for each run. */
export class StartedOnDemand implements RuntimeSource {
  readonly #options: StartedOnDemandOptions;

  constructor(options: StartedOnDemandOptions) {
    this.#options = options;
  }

  reserve(need: RuntimeNeed, runID: string): Reservation {
    const { tokenFor, newID = newRuntimeID, ...parts } = this.#options;
    const runtimeID = newID(runID);
    const spec = { ...need, id: runtimeID, tokenHash: tokenFor(runtimeID).hash };
    return {
      runtimeID,
      start: (signal, onProgress) => startRuntime({ ...parts, spec, signal, onProgress }),
      release: () => undefined,
    };
  }

  isWaiting(): boolean {
    return false;
  }
}

export function newRuntimeID(): string {
  return `rt-${randomUUID()}`;
}
