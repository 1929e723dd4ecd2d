import { once } from 'node:events';
import { createServer } from 'node:net';
import { sleep } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';

export interface PortAllocatorOptions {
  min: number;
  max: number;
  clock: Clock;
  /** Whether nobody listens on the port; default: by binding it on 127.0.0.1. */
  isFree?: (port: number) => Promise<boolean>;
}

/** When every port left belongs to other programs, they are tried again after this. */
const RETRY_MS = 1000;

/** Hands out ports of a range; a port is nobody else's until it was released. */
export class PortAllocator {
  /** Both ends included. */
  readonly range: { readonly min: number; readonly max: number };
  /** Whether nobody listens on the port now. */
  readonly isFree: (port: number) => Promise<boolean>;
  readonly #clock: Clock;
  readonly #taken = new Set<number>();
  #turn: Promise<unknown> = Promise.resolve();
  #releases = 0;
  /** Wakes the one whose turn it is. */
  #wake = (): void => undefined;

  constructor({ min, max, clock, isFree = bindable }: PortAllocatorOptions) {
    this.range = { min, max };
    this.isFree = isFree;
    this.#clock = clock;
  }

  /** The lowest free port, as soon as there is one. Rejects when `signal` aborts. */
  acquire(signal: AbortSignal): Promise<number> {
    // One after the other: first come, first served.
    const mine = this.#turn.then(() => this.#take(signal));
    this.#turn = mine.catch(() => undefined);
    return orGiveUp(mine, signal, (port) => this.release(port));
  }

  /** Takes a port that a runtime found running has; false when it is taken already. */
  adopt(port: number): boolean {
    if (this.#taken.has(port)) return false;
    this.#taken.add(port);
    return true;
  }

  /** Gives a port back; call it only when nothing of ours can still listen on it. */
  release(port: number): void {
    this.#taken.delete(port);
    this.#releases += 1;
    this.#wake();
  }

  /** Whether acquire would wait for a release. */
  isExhausted(): boolean {
    return this.#taken.size > this.range.max - this.range.min;
  }

  async #take(signal: AbortSignal): Promise<number> {
    for (;;) {
      signal.throwIfAborted();
      const before = this.#releases;
      const port = await this.#tryOnce();
      if (port !== undefined && signal.aborted) this.#taken.delete(port);
      else if (port !== undefined) return port;
      // A port that was released while we looked has woken nobody.
      if (this.#releases === before) await this.#waitForChange(signal);
    }
  }

  /** Reserves before it probes, so that a release meanwhile cannot give the same port to two. */
  async #tryOnce(): Promise<number | undefined> {
    for (let port = this.range.min; port <= this.range.max; port += 1) {
      if (this.#taken.has(port)) continue;
      this.#taken.add(port);
      if (await this.isFree(port)) return port;
      this.#taken.delete(port);
    }
    return undefined;
  }

  async #waitForChange(signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await sleep(this.#clock, RETRY_MS, AbortSignal.any([signal, woken.signal])).catch(() => undefined);
    signal.throwIfAborted();
  }
}

/** Whoever gives up does not wait for those before it; a port that comes too late for it goes back. */
function orGiveUp(
  port: Promise<number>,
  signal: AbortSignal,
  giveBack: (port: number) => void,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    port
      .then((taken) => (signal.aborted ? giveBack(taken) : resolve(taken)), reject)
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}

async function bindable(port: number): Promise<boolean> {
  const server = createServer().listen({ port, host: '127.0.0.1', exclusive: true });
  try {
    await once(server, 'listening');
  } catch {
    return false; // in use, or not ours to use: not free for us either way
  }
  server.close();
  await once(server, 'close');
  return true;
}
