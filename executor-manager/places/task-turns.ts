import { createCapacityGate } from './capacity-gate.ts';
import type { CapacityGate } from './capacity-gate.ts';

/**
 * One sandbox at a time for each Task: two never share a Task's volume (DESIGN, decision 4), also when an
 * attempt that was given up has not been removed yet.
 */
export interface TaskTurns {
  take(taskUID: string, signal: AbortSignal): Promise<() => void>;
  /** For a sandbox that runs already. */
  adopt(taskUID: string): () => void;
}

export function createTaskTurns(): TaskTurns {
  const gates = new Map<string, { gate: CapacityGate; users: number }>();

  function use(taskUID: string): { gate: CapacityGate; leave: () => void } {
    const entry = gates.get(taskUID) ?? { gate: createCapacityGate(1), users: 0 };
    gates.set(taskUID, entry);
    entry.users += 1;
    const leave = (): void => {
      entry.users -= 1;
      if (entry.users === 0) gates.delete(taskUID);
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
    async take(taskUID, signal) {
      const { gate, leave } = use(taskUID);
      try {
        return both(await gate.enter(signal), leave);
      } catch (error) {
        leave();
        throw error;
      }
    },
    adopt(taskUID) {
      const { gate, leave } = use(taskUID);
      return both(gate.adopt(), leave);
    },
  };
}
