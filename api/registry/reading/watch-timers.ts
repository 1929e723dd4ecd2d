import type { Clock } from '../../machinery/clock.ts';

/** As kube-apiserver's cacher. */
const BOOKMARK_EVERY_MS = 60_000;

/** Longer delays overflow Node's timers and would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export type Due = 'bookmark' | 'timeout';

/** When a watch is due for a bookmark, and when for its end. One timer each, whatever number of events comes. */
export class WatchTimers {
  readonly #clock: Clock;
  #cancelBookmark = (): void => undefined;
  #cancelEnd = (): void => undefined;
  #due: Due | undefined;
  #wake: (() => void) | undefined;

  constructor(clock: Clock, query: { allowWatchBookmarks: boolean; timeoutMs?: number }) {
    this.#clock = clock;
    if (query.allowWatchBookmarks) this.#awaitBookmark();
    if (query.timeoutMs === undefined) return;
    this.#cancelEnd = clock.after(Math.min(query.timeoutMs, MAX_TIMER_MS), () => this.#fire('timeout'));
  }

  /** What comes first: `next`, or something that is due. */
  async race<T>(next: Promise<T>): Promise<T | Due> {
    const woken = Promise.withResolvers<undefined>();
    this.#wake = () => woken.resolve(undefined);
    if (this.#due !== undefined) this.#wake();
    const first = await Promise.race([next.then((value) => ({ value })), woken.promise]);
    this.#wake = undefined;
    if (first !== undefined) return first.value;
    const due = this.#due ?? 'bookmark';
    // The end stays due until it has come.
    if (due === 'bookmark') this.#due = undefined;
    return due;
  }

  cancel(): void {
    this.#cancelBookmark();
    this.#cancelEnd();
  }

  #awaitBookmark(): void {
    this.#cancelBookmark = this.#clock.after(BOOKMARK_EVERY_MS, () => {
      this.#awaitBookmark();
      this.#fire('bookmark');
    });
  }

  #fire(due: Due): void {
    if (this.#due !== 'timeout') this.#due = due;
    this.#wake?.();
  }
}
