import { once } from 'node:events';
import { createServer } from 'node:net';
import { sleep } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';

/** Hands out host ports of a range; a port is nobody else's until it was released. */
export interface PortAllocator {
  /** The lowest free port, as soon as there is one. Rejects when `signal` aborts. */
  acquire(signal: AbortSignal): Promise<number>;
  /** Takes a port that a sandbox found running has; false when it is taken already. */
  adopt(port: number): boolean;
  /** Gives a port back; call it only when nothing of ours can listen on it any more. */
  release(port: number): void;
  /** Whether acquire would wait for a release. */
  isExhausted(): boolean;
}

export interface PortAllocatorOptions {
  min: number;
  max: number;
  clock: Clock;
  /** Whether nobody listens on the port; default: by binding it on 127.0.0.1. */
  isFree?: (port: number) => Promise<boolean>;
}

/** When every port left belongs to other programs, they are tried again after this. */
const RETRY_MS = 1000;

export function createPortAllocator(options: PortAllocatorOptions): PortAllocator {
  const { min, max, clock, isFree = bindable } = options;
  const taken = new Set<number>();
  let turn: Promise<unknown> = Promise.resolve();
  let releases = 0;
  /** Wakes the one whose turn it is. */
  let wake = (): void => undefined;

  /** Reserves before it probes, so that a release meanwhile cannot give the same port to two. */
  async function tryOnce(): Promise<number | undefined> {
    for (let port = min; port <= max; port += 1) {
      if (taken.has(port)) continue;
      taken.add(port);
      if (await isFree(port)) return port;
      taken.delete(port);
    }
    return undefined;
  }

  async function waitForChange(signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    wake = () => woken.abort();
    await sleep(clock, RETRY_MS, AbortSignal.any([signal, woken.signal])).catch(() => undefined);
    signal.throwIfAborted();
  }

  async function take(signal: AbortSignal): Promise<number> {
    for (;;) {
      signal.throwIfAborted();
      const before = releases;
      const port = await tryOnce();
      if (port !== undefined && signal.aborted) taken.delete(port);
      else if (port !== undefined) return port;
      // What was released while we looked has woken nobody.
      if (releases === before) await waitForChange(signal);
    }
  }

  function release(port: number): void {
    taken.delete(port);
    releases += 1;
    wake();
  }

  return {
    isExhausted: () => taken.size > max - min,
    acquire(signal) {
      // One after the other: first come, first served.
      const mine = turn.then(() => take(signal));
      turn = mine.catch(() => undefined);
      return orGiveUp(mine, signal, release);
    },
    adopt(port) {
      if (taken.has(port)) return false;
      taken.add(port);
      return true;
    },
    release,
  };
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
