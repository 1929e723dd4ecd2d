import type { RunInput } from '#executor-manager/protocol/run';

type Steer = (text: string) => void | Promise<void>;
type Interrupt = () => void | Promise<void>;

/**
 * Where an adapter says what it can take while its run goes on. A later call takes the place of an earlier one; none is
 * taken where there is no handler.
 */
export interface RunControls {
  /** `handler` gets words for the agent that works. */
  onSteer(handler: Steer | undefined): void;
  /** `handler` ends the turn of the agent, and not the run. */
  onInterrupt(handler: Interrupt | undefined): void;
}

/** The adapter's side and that of those who steer. */
export class Controls implements RunControls {
  #steer: Steer | undefined;
  #interrupt: Interrupt | undefined;
  readonly #taken = new Set<string>();

  onSteer(handler: Steer | undefined): void {
    this.#steer = handler;
  }

  onInterrupt(handler: Interrupt | undefined): void {
    this.#interrupt = handler;
  }

  /**
   * Hands an input to the adapter, once per id. False when the adapter cannot take it, or not yet.
   * Rejects with the adapter's error.
   */
  async take(input: Exclude<RunInput, { type: 'answer' }>): Promise<boolean> {
    if (this.#taken.has(input.id)) return true;
    const act = this.#actOf(input);
    if (act === undefined) return false;
    this.#taken.add(input.id);
    await act();
    return true;
  }

  #actOf(input: Exclude<RunInput, { type: 'answer' }>): (() => void | Promise<void>) | undefined {
    if (input.type === 'interrupt') return this.#interrupt;
    const steer = this.#steer;
    return steer && (() => steer(input.text));
  }
}
