import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../machinery/clock.ts';
import { describeError } from '../../machinery/logger.ts';
import type { Logger } from '../../machinery/logger.ts';
import { isStatusError } from '../../machinery/status-error.ts';
import type { User } from '../../machinery/users/user.ts';

/** A stream that its user may follow for as long as he has the right to. */
export interface JudgedStream {
  /** As whom it was asked for. */
  user: User;
  /** Judges its request again. @throws StatusError as Access.check */
  judge(): Promise<{ user: User }>;
}

export interface OpenStreamsOptions {
  clock: Clock;
  logger: Logger;
  /** Calls back when rights may have changed; the returned function ends that. */
  onRightsChanged(listener: () => void): () => void;
}

/** Identities end too: tokens expire, accounts are deleted, providers take people out of groups. */
const ROUND_MS = 30_000;
/** After a change; more changes until then are judged with it. */
const SOON_MS = 2_000;
/** Judged without letting others have their turn: a millisecond or so. */
const BATCH = 50;

interface Open {
  stream: JudgedStream;
  over: AbortController;
}

/**
 * Watches, logs and connections that are open are judged again when rights change and every 30 seconds, so that none
 * outlives its right or its user by a minute. kube-apiserver judges them once.
 */
export class OpenStreams {
  readonly #options: OpenStreamsOptions;
  readonly #open = new Set<Open>();
  readonly #unsubscribe: () => void;
  #cancelRound: () => void;
  #cancelSoon: (() => void) | undefined;

  constructor(options: OpenStreamsOptions) {
    this.#options = options;
    this.#cancelRound = this.#roundLater();
    this.#unsubscribe = options.onRightsChanged(() => {
      this.#cancelSoon ??= options.clock.after(SOON_MS, () => {
        this.#cancelSoon = undefined;
        void this.#judgeAll();
      });
    });
  }

  get size(): number {
    return this.#open.size;
  }

  /** The signal aborts when the right to the stream is gone; disposed of with the stream. */
  add(stream: JudgedStream): Disposable & { signal: AbortSignal } {
    const open = { stream, over: new AbortController() };
    this.#open.add(open);
    return { signal: open.over.signal, [Symbol.dispose]: () => void this.#open.delete(open) };
  }

  stop(): void {
    this.#unsubscribe();
    this.#cancelRound();
    this.#cancelSoon?.();
  }

  #roundLater(): () => void {
    return this.#options.clock.after(ROUND_MS, () => {
      this.#cancelRound = this.#roundLater();
      void this.#judgeAll();
    });
  }

  async #judgeAll(): Promise<void> {
    let judged = 0;
    for (const open of this.#open) {
      await this.#judge(open);
      judged += 1;
      if (judged % BATCH === 0) await setImmediate();
    }
  }

  async #judge({ stream, over }: Open): Promise<void> {
    try {
      const { user } = await stream.judge();
      if (user.name !== stream.user.name || user.uid !== stream.user.uid) over.abort();
    } catch (error) {
      if (isStatusError(error, 'Unauthorized') || isStatusError(error, 'Forbidden')) over.abort(error);
      // Whoever cannot be asked at the moment takes no rights away.
      else this.#options.logger.warn('a stream cannot be judged again', { error: describeError(error) });
    }
  }
}
