import type { Client } from '#api/client/client';
import { sleep } from '#api/machinery/clock';
import type { SteadyClock } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { SANDBOXES } from '#api/types/resources';
import type { RuntimeDriver } from '../drivers/driver.ts';
import { runtimeOf } from '../sandbox/sandbox-keys.ts';
import { isFinal } from '../sandbox/status.ts';

export interface FenceOptions {
  client: Client;
  executorName: string;
  driver: RuntimeDriver;
  /** Milliseconds without a report that the API took. */
  afterMs: number;
  clock: SteadyClock;
  logger: Logger;
  signal: AbortSignal;
}

export interface Fence {
  /** A report is about to be sent; the returned function says that the API took it. */
  reporting(): () => void;
  /** The API refuses this manager: its Executor is somebody else's, or nobody's, from now on. */
  refused(): void;
  /** Ends with the signal. */
  done: Promise<void>;
}

/** How often it looks for runtimes that start while it stands, and tries a failure again. */
const LOOK_MS = 5000;

/**
 * Pauses the runtimes of an executor that the API has lost. From then on the control plane may have
 * their runs tried elsewhere, and a step must not run twice at once (docs/adr/0053-a-machine-joins-by-a-token.md). The time
 * is the one after which the controllers begin to count, who then wait for the grace period, so the fence is there first.
 * When the API hears of the executor again, what is still its own goes on, and all else is ended.
 */
export function startFence(options: FenceOptions): Fence {
  const fence = new StandingFence(options);
  return {
    reporting: () => fence.reporting(),
    refused: () => fence.refused(),
    done: fence.watch(),
  };
}

/** By both clocks of a machine. */
interface Moment {
  time: number;
  elapsed: number;
}

const NEVER: Moment = { time: -Infinity, elapsed: -Infinity };

const momentOf = (clock: SteadyClock): Moment => ({ time: clock.now(), elapsed: clock.elapsed() });

class StandingFence {
  readonly #options: FenceOptions;
  #heard: Moment;
  /** Whether the API has heard of this manager at all. */
  #isKnown = false;
  /** Whether something may be paused, also by an earlier manager. */
  #isClosed = true;
  readonly #paused = new Set<string>();
  #wake = Promise.withResolvers<void>();

  constructor(options: FenceOptions) {
    this.#options = options;
    this.#heard = momentOf(options.clock);
  }

  reporting(): () => void {
    const sent = momentOf(this.#options.clock);
    return () => {
      this.#isKnown = true;
      this.#heard = sent;
      this.#wake.resolve();
    };
  }

  refused(): void {
    this.#heard = NEVER;
    this.#wake.resolve();
  }

  async watch(): Promise<void> {
    const { clock, signal, driver, logger } = this.#options;
    if (driver.pause === undefined || driver.resume === undefined) return;
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers();
      try {
        if (this.#left() <= 0) await this.#close();
        else if (this.#isClosed && this.#isKnown) await this.#open();
      } catch (error) {
        logger.warn('the sandboxes could not be paused or resumed', { cause: describeError(error) });
      }
      await Promise.race([sleep(clock, this.#wait(), signal).catch(() => undefined), this.#wake.promise]);
    }
  }

  /** Milliseconds until it has to stand. A clock that is set back does not count, nor does the sleep of a machine for the other one. */
  #left(): number {
    const { afterMs, clock } = this.#options;
    const now = momentOf(clock);
    return afterMs - Math.max(now.elapsed - this.#heard.elapsed, now.time - this.#heard.time);
  }

  #wait(): number {
    const left = this.#left();
    if (left <= 0) return LOOK_MS;
    return this.#isClosed ? Math.min(LOOK_MS, left) : left;
  }

  async #close(): Promise<void> {
    const { driver, logger } = this.#options;
    this.#isClosed = true;
    const running = (await driver.list()).filter(({ id, running: runs }) => runs && !this.#paused.has(id));
    if (running.length === 0) return;
    logger.warn('the API does not hear of this executor: its sandboxes pause', { count: running.length });
    await Promise.all(
      running.map(async ({ id }) => {
        await driver.pause?.(id);
        this.#paused.add(id);
      }),
    );
  }

  /** Runtimes that an earlier manager has paused go on if they are its own; the sweep removes the others. */
  async #open(): Promise<void> {
    const { driver, logger } = this.#options;
    const own = await this.#ownRuntimes();
    const running = (await driver.list()).filter((runtime) => runtime.running);
    const ended = running.filter(({ id }) => !own.has(id) && this.#paused.has(id));
    const goOn = this.#paused.size - ended.length;
    // One that fails is tried again, and keeps no other one.
    const failures: unknown[] = [];
    const note = (error: unknown): void => void failures.push(error);
    // First of all: none of them may work for a moment longer.
    for (const { id } of ended) await driver.stop(id).catch(note);
    for (const { id } of running) {
      if (!own.has(id)) continue;
      // Whatever comes of it: it may go on from now, and would have to be paused again.
      this.#paused.delete(id);
      await driver.resume?.(id).catch(note);
    }
    if (failures.length > 0) throw failures[0];
    if (goOn + ended.length > 0)
      logger.info('the API hears of this executor again', { goOn, ended: ended.length });
    this.#paused.clear();
    this.#isClosed = false;
  }

  /** Of the Sandboxes that are still to run here, as the API has them now. */
  async #ownRuntimes(): Promise<Set<string>> {
    const { client, executorName } = this.#options;
    const { items } = await client.list(SANDBOXES, { fieldSelector: `spec.executorName=${executorName}` });
    const live = items.filter(
      (sandbox) => !isFinal(sandbox) && sandbox.metadata.deletionTimestamp === undefined,
    );
    return new Set(live.flatMap((sandbox) => runtimeOf(sandbox) ?? []));
  }
}
