import type { Clock } from '../../machinery/clock.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { createFlow } from './flow.ts';
import type { Flow, RequestKind, Waiting } from './flow.ts';
import type { PriorityLevel } from './priority-level.ts';

/** How many requests may be under way, and how many may wait (kube-apiserver --max-requests-inflight). */
export interface RequestLimits {
  /** Reads of all users together. */
  reads: number;
  /** Writes of all users together. */
  writes: number;
  /** The part of reads and of writes, from 0 to 1, that only the processes of the system may take. */
  reserved: number;
  /** Reads and writes of one user. */
  perUser: number;
  /**
   * The part of reads and of writes, from 0 to 1, that one user may take beside what is reserved: one whose requests do
   * not end, such as the anonymous with logins whose bodies never come, leaves the rest to others.
   */
  userShare: number;
  /** Requests of one user that wait for a place. */
  waitingPerUser: number;
  /** Requests of all users that wait for a place. */
  waiting: number;
  /** How long a request waits for a place before it is refused. */
  waitMs: number;
  /** Watches and logs of one user that are open. */
  longRunningPerUser: number;
}

/** Who asks for a place. */
export interface Requester {
  user: string;
  level: PriorityLevel;
}

/** What one request takes of the limits; disposed of with its answer. */
export interface RequestPlaces extends Disposable {
  /** From now on it is a stream, not a request under way. @throws StatusError TooManyRequests */
  longRunning(): Disposable;
}

export interface InFlightCounts {
  reads: number;
  writes: number;
  streams: number;
  /** Requests that wait for a place. */
  waiting: number;
}

/**
 * Gives places to requests. When there are more requests than places they wait for a short time, and the user who has
 * the fewest requests under way is next: many requests of one user only make that user wait (fair queuing of KEP-1040).
 */
export class InFlight {
  readonly counts: InFlightCounts = { reads: 0, writes: 0, streams: 0, waiting: 0 };
  readonly #limits: RequestLimits;
  readonly #clock: Clock;
  readonly #flows = new Map<string, Flow>();
  /** Those of which somebody waits, the one that was served last at the end. */
  readonly #waiting: Record<RequestKind, Set<Flow>> = { reads: new Set(), writes: new Set() };
  readonly #ofSystem: Record<RequestKind, number> = { reads: 0, writes: 0 };

  constructor(limits: RequestLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /**
   * Takes a place, at once where there is one. `onGone` gets the function to call when the client does not wait any
   * longer; that rejects. @throws StatusError TooManyRequests, at once or after a wait
   */
  enter(
    requester: Requester,
    kind: RequestKind,
    onGone: (fn: () => void) => void = () => undefined,
  ): Promise<RequestPlaces> | RequestPlaces {
    const flow = this.#flowOf(requester);
    // Whoever waits has been looked at when the last place became free, so nobody is overtaken.
    return this.#hasPlace(flow, kind) ? this.#take(flow, kind) : this.#wait(flow, kind, onGone);
  }

  #flowOf({ user, level }: Requester): Flow {
    const found = this.#flows.get(user);
    if (found !== undefined) return found;
    const flow = createFlow(user, level);
    this.#flows.set(user, flow);
    return flow;
  }

  #hasPlace(flow: Flow, kind: RequestKind): boolean {
    const free = this.#limits[kind] - this.counts[kind];
    if (flow.running >= this.#limits.perUser || free <= 0) return false;
    if (flow.level === 'system') return true;
    const reserved = Math.floor(this.#limits[kind] * this.#limits.reserved);
    const mine = Math.ceil((this.#limits[kind] - reserved) * this.#limits.userShare);
    if (flow.runningOf[kind] >= mine) return false;
    return free > Math.max(0, reserved - this.#ofSystem[kind]);
  }

  #take(flow: Flow, kind: RequestKind): RequestPlaces {
    const system = flow.level === 'system' ? 1 : 0;
    flow.running += 1;
    flow.runningOf[kind] += 1;
    this.counts[kind] += 1;
    this.#ofSystem[kind] += system;
    const leave = once(() => {
      flow.running -= 1;
      flow.runningOf[kind] -= 1;
      this.counts[kind] -= 1;
      this.#ofSystem[kind] -= system;
      this.#forget(flow);
      // A place of a user may be what a request of the other kind of the same user waits for.
      this.#serve('reads');
      this.#serve('writes');
    });
    return {
      longRunning: () => {
        const stream = this.#openStream(flow);
        leave();
        return stream;
      },
      [Symbol.dispose]: leave,
    };
  }

  #wait(flow: Flow, kind: RequestKind, onGone: (fn: () => void) => void): Promise<RequestPlaces> {
    const mine = flow.waiting.reads.length + flow.waiting.writes.length;
    if (mine >= this.#limits.waitingPerUser || this.counts.waiting >= this.#limits.waiting) {
      this.#forget(flow);
      throw tooMany();
    }
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        if (this.#leaveQueue(flow, kind, waiting)) reject(tooMany());
      };
      const cancel = this.#clock.after(this.#limits.waitMs, giveUp);
      const waiting: Waiting = {
        start: () => {
          cancel();
          resolve(this.#take(flow, kind));
        },
      };
      flow.waiting[kind].push(waiting);
      this.#waiting[kind].add(flow);
      this.counts.waiting += 1;
      onGone(() => {
        cancel();
        giveUp();
      });
    });
  }

  /** False when it does not wait any longer. */
  #leaveQueue(flow: Flow, kind: RequestKind, waiting: Waiting): boolean {
    const queue = flow.waiting[kind];
    const at = queue.indexOf(waiting);
    if (at === -1) return false;
    queue.splice(at, 1);
    this.counts.waiting -= 1;
    if (queue.length === 0) this.#waiting[kind].delete(flow);
    this.#forget(flow);
    return true;
  }

  /** Gives free places to those who wait. */
  #serve(kind: RequestKind): void {
    for (let next = this.#next(kind); next !== undefined; next = this.#next(kind)) {
      const [waiting] = next.waiting[kind];
      if (waiting === undefined) return;
      this.#leaveQueue(next, kind, waiting);
      if (this.#waiting[kind].delete(next)) this.#waiting[kind].add(next);
      waiting.start();
    }
  }

  /** The system's first; then whoever has the fewest requests under way, and of those who waits longest. */
  #next(kind: RequestKind): Flow | undefined {
    let best: Flow | undefined;
    for (const flow of this.#waiting[kind]) {
      if (!this.#hasPlace(flow, kind)) continue;
      if (best === undefined || comesBefore(flow, best)) best = flow;
    }
    return best;
  }

  #openStream(flow: Flow): Disposable {
    if (flow.streams >= this.#limits.longRunningPerUser) throw tooMany();
    flow.streams += 1;
    this.counts.streams += 1;
    const close = once(() => {
      flow.streams -= 1;
      this.counts.streams -= 1;
      this.#forget(flow);
    });
    return { [Symbol.dispose]: close };
  }

  #forget(flow: Flow): void {
    const { reads, writes } = flow.waiting;
    if (flow.running + flow.streams + reads.length + writes.length === 0) this.#flows.delete(flow.user);
  }
}

function comesBefore(flow: Flow, other: Flow): boolean {
  if (flow.level !== other.level) return flow.level === 'system';
  return flow.running < other.running;
}

function once(fn: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    fn();
  };
}

function tooMany(): StatusError {
  return new StatusError('TooManyRequests', 'Too many requests, please try again later.', {
    details: { retryAfterSeconds: 1 },
  });
}
