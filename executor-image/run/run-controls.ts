import type { RunInput } from '#executor-manager/protocol/run';

type Steer = (text: string) => void | Promise<void>;
type Interrupt = () => void | Promise<void>;
type Message = Extract<RunInput, { type: 'message' }>;

/**
 * Where an adapter says what it can take while its run goes on. A later call takes the place of an earlier one; nothing is
 * handed over where there is no handler.
 */
export interface RunControls {
  /** `handler` ends the turn of the agent, and not the run. It is given before that of words, which may interrupt. */
  onInterrupt(handler: Interrupt | undefined): void;
  /** `handler` gets words for the agent that works: those that are held already at once. */
  onSteer(handler: Steer | undefined): void;
}

export interface ControlsOptions {
  /** Whether the adapter takes words at all. */
  steer: boolean;
  /** The words with this id are with the adapter. */
  onApplied: (id: string) => void;
  /** The adapter did not take words. */
  onError: (error: unknown) => void;
}

/** The adapter's side and that of those who steer. */
export class Controls implements RunControls {
  readonly #options: ControlsOptions;
  #steer: Steer | undefined;
  #interrupt: Interrupt | undefined;
  readonly #taken = new Set<string>();
  readonly #applied: string[] = [];
  /** Words that the adapter has not got yet, in order. */
  readonly #held: Message[] = [];
  #isHandingOver = false;

  constructor(options: Partial<ControlsOptions> = {}) {
    this.#options = { steer: true, onApplied: () => undefined, onError: () => undefined, ...options };
  }

  /** The ids of the words that the adapter has got, in order. */
  get applied(): readonly string[] {
    return this.#applied;
  }

  onSteer(handler: Steer | undefined): void {
    this.#steer = handler;
    void this.#handOver();
  }

  onInterrupt(handler: Interrupt | undefined): void {
    this.#interrupt = handler;
  }

  /**
   * Hands an input to the adapter, once per id. Words are held until the adapter can take them: `applied` tells. False when
   * it never can, or, for an interrupt, not at this moment. Rejects with the adapter's error about an interrupt.
   */
  async take(input: Exclude<RunInput, { type: 'answer' }>): Promise<boolean> {
    if (this.#taken.has(input.id)) return true;
    if (input.type === 'interrupt') return this.#takeInterrupt(input.id);
    if (!this.#options.steer) return false;
    this.#taken.add(input.id);
    this.#held.push(input);
    void this.#handOver();
    return true;
  }

  async #takeInterrupt(id: string): Promise<boolean> {
    if (this.#interrupt === undefined) return false;
    this.#taken.add(id);
    await this.#interrupt();
    return true;
  }

  /** One after the other. Never rejects. */
  async #handOver(): Promise<void> {
    if (this.#isHandingOver) return;
    this.#isHandingOver = true;
    for (let [next] = this.#held; next !== undefined && this.#steer !== undefined; [next] = this.#held) {
      const message = next;
      try {
        const isApplied = await this.#apply(message);
        if (!isApplied) break;
        this.#applied.push(message.id);
        this.#options.onApplied(message.id);
      } catch (error) {
        this.#options.onError(error);
      }
      this.#held.shift();
    }
    this.#isHandingOver = false;
  }

  /** False when the agent has ended meanwhile. */
  async #apply({ text, interrupt }: Message): Promise<boolean> {
    const interrupting = interrupt === true ? this.#interrupt?.() : undefined;
    // Without a pause where the adapter makes none: words must be there before the turn that is broken off has ended.
    if (interrupting !== undefined) await interrupting;
    if (this.#steer === undefined) return false;
    await this.#steer(text);
    return true;
  }
}
