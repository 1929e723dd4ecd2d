import { createCapacityGate } from './capacity-gate.ts';
import type { CapacityGate } from './capacity-gate.ts';

/** A node of a Task's graph. */
export interface NodeKey {
  taskUID: string;
  node: string;
}

/**
 * One live run at a time for each node of a Task (DESIGN, decision 4), also when an attempt that was given up has not
 * been ended yet. Different nodes of a Task do not wait for each other.
 */
export interface NodeTurns {
  /** Waits for its turn. The function returned ends it (once; further calls do nothing). */
  take(key: NodeKey, signal: AbortSignal): Promise<() => void>;
  /** For a run that is there already. */
  adopt(key: NodeKey): () => void;
}

export function createNodeTurns(): NodeTurns {
  const gates = new Map<string, { gate: CapacityGate; users: number }>();

  function use({ taskUID, node }: NodeKey): { gate: CapacityGate; leave: () => void } {
    const key = JSON.stringify([taskUID, node]);
    const entry = gates.get(key) ?? { gate: createCapacityGate(1), users: 0 };
    gates.set(key, entry);
    entry.users += 1;
    const leave = (): void => {
      entry.users -= 1;
      if (entry.users === 0) gates.delete(key);
    };
    return { gate: entry.gate, leave };
  }

  /** Gives back the place and the use, once. */
  function both(place: () => void, leave: () => void): () => void {
    let given = false;
    return () => {
      if (given) return;
      given = true;
      place();
      leave();
    };
  }

  return {
    async take(key, signal) {
      const { gate, leave } = use(key);
      try {
        return both(await gate.enter(signal), leave);
      } catch (error) {
        leave();
        throw error;
      }
    },
    adopt(key) {
      const { gate, leave } = use(key);
      return both(gate.adopt(), leave);
    },
  };
}
