import type { CapacityGate } from './capacity-gate.ts';
import type { NodeKey, NodeTurns } from './node-turns.ts';

export interface PlaceOptions {
  gate: CapacityGate;
  turns: NodeTurns;
  node: NodeKey;
}

/** A Sandbox's hold on its executor: a place under the limit, and the turn of its node. */
export class Place {
  readonly #options: PlaceOptions;
  #endTurn = (): void => undefined;
  #leaveGate = (): void => undefined;

  constructor(options: PlaceOptions) {
    this.#options = options;
  }

  /** Waits for both; rejects when `signal` aborts. `onWait` is called when it has to wait for a place. */
  async take(signal: AbortSignal, onWait: () => void): Promise<void> {
    const { gate, turns, node } = this.#options;
    if (gate.isFull()) onWait();
    this.#endTurn = await turns.take(node, signal);
    this.#leaveGate = await gate.enter(signal);
  }

  /** For a run that an earlier manager started; nobody may take its turn from the moment it is known. */
  adoptTurn(): void {
    this.#endTurn = this.#options.turns.adopt(this.#options.node);
  }

  /** For a runtime that is there already. */
  adopt(): void {
    this.#leaveGate = this.#options.gate.adopt();
  }

  /** The agent has ended: the node's next attempt may start. */
  endTurn(): void {
    this.#endTurn();
  }

  /** Gives everything back; only when nothing of the runtime is left. */
  leave(): void {
    this.#endTurn();
    this.#leaveGate();
  }
}
