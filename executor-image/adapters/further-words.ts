import type { AdapterContext, AgentRequest } from './adapter.ts';

/** For what somebody who has interrupted the agent wants to say. */
const WORDS_MS = 60_000;

export interface FurtherWordsOptions {
  request: Pick<AgentRequest, 'limits'>;
  context: Pick<AdapterContext, 'clock' | 'controls' | 'signal'>;
}

/** The words of people for the next turn of an agent. */
export class FurtherWords {
  readonly #options: FurtherWordsOptions;
  readonly #said: string[] = [];
  #wake: (() => void) | undefined;

  constructor(options: FurtherWordsOptions) {
    this.#options = options;
  }

  add(text: string): void {
    this.#said.push(text);
    this.#wake?.();
  }

  /**
   * The words for the next turn; undefined where nobody says any, and from then on none are taken, so that none get lost.
   * People interrupt first and speak then: after an interrupt it waits for them. Rejects with the signal's reason.
   */
  async next({ interrupted }: { interrupted: boolean }): Promise<string | undefined> {
    if (interrupted && this.#said.length === 0) await this.#wait();
    if (this.#said.length > 0) return this.#said.splice(0).join('\n\n');
    const { controls } = this.#options.context;
    controls.onSteer(undefined);
    controls.onInterrupt(undefined);
    return undefined;
  }

  /** Until somebody speaks, and not as long as the run may be silent. */
  async #wait(): Promise<void> {
    const { clock, signal } = this.#options.context;
    signal.throwIfAborted();
    const idleMs = (this.#options.request.limits?.idleSeconds ?? Infinity) * 1000;
    const woken = Promise.withResolvers<void>();
    const onAbort = (): void => woken.reject(signal.reason);
    const cancel = clock.after(Math.min(WORDS_MS, idleMs * 0.8), () => woken.resolve());
    this.#wake = () => woken.resolve();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await woken.promise;
    } finally {
      this.#wake = undefined;
      cancel();
      signal.removeEventListener('abort', onAbort);
    }
  }
}
