import { StatusError } from '../../machinery/status-error.ts';

/** How many requests may be under way (kube-apiserver --max-requests-inflight). */
export interface RequestLimits {
  /** Reads of all users together. */
  reads: number;
  /** Writes of all users together. */
  writes: number;
  /** Reads and writes of one user. */
  perUser: number;
  /** Watches and logs of one user that are open. */
  longRunningPerUser: number;
}

/** What one request takes of the limits; disposed of with its answer. */
export interface RequestPlaces extends Disposable {
  /** From now on it is a stream, not a request under way. @throws StatusError TooManyRequests */
  longRunning(): Disposable;
}

interface UserLoad {
  requests: number;
  streams: number;
}

export interface InFlightCounts {
  reads: number;
  writes: number;
  streams: number;
}

/** Counts the requests under way, so that a crowd of them is refused and not queued without bound. */
export class InFlight {
  readonly counts: InFlightCounts = { reads: 0, writes: 0, streams: 0 };
  readonly #limits: RequestLimits;
  readonly #users = new Map<string, UserLoad>();

  constructor(limits: RequestLimits) {
    this.#limits = limits;
  }

  /** @throws StatusError TooManyRequests */
  enter(user: string, kind: 'reads' | 'writes'): RequestPlaces {
    const load = this.#users.get(user) ?? { requests: 0, streams: 0 };
    if (this.counts[kind] >= this.#limits[kind] || load.requests >= this.#limits.perUser) throw tooMany();
    this.#users.set(user, load);
    this.counts[kind] += 1;
    load.requests += 1;
    const leave = once(() => {
      this.counts[kind] -= 1;
      load.requests -= 1;
      this.#forget(user, load);
    });
    return {
      longRunning: () => {
        const stream = this.#openStream(user, load);
        leave();
        return stream;
      },
      [Symbol.dispose]: leave,
    };
  }

  #openStream(user: string, load: UserLoad): Disposable {
    if (load.streams >= this.#limits.longRunningPerUser) throw tooMany();
    load.streams += 1;
    this.counts.streams += 1;
    const close = once(() => {
      load.streams -= 1;
      this.counts.streams -= 1;
      this.#forget(user, load);
    });
    return { [Symbol.dispose]: close };
  }

  #forget(user: string, load: UserLoad): void {
    if (load.requests === 0 && load.streams === 0) this.#users.delete(user);
  }
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
