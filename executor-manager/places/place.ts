import type { Runtime } from '../drivers/driver.ts';
import type { SandboxContext } from '../sandbox/context.ts';
import type { Inventory } from '../sandbox/inventory.ts';

/** What a sandbox holds of its executor while it is there: a place, a port and its Task's turn. */
export interface Place {
  /** Waits for all three; rejects when `signal` aborts. `onWait` is called when it has to wait. */
  take(taskUID: string, signal: AbortSignal, onWait: () => void): Promise<number>;
  /** For a sandbox that runs already. */
  adopt(runtime: Runtime, inventory: Pick<Inventory, 'handOver'>): void;
  /** Gives the port up for another one, when the engine says that it is in use. */
  changePort(signal: AbortSignal): Promise<number>;
  /** The agent has ended: the Task's next sandbox may start. */
  endTurn(): void;
  /** Gives everything back; only when nothing of the sandbox is left. */
  leave(): void;
}

export function createPlace(context: Pick<SandboxContext, 'gate' | 'ports' | 'turns'>): Place {
  const { gate, ports, turns } = context;
  let endTurn = (): void => undefined;
  let leaveGate = (): void => undefined;
  let port: number | undefined;

  return {
    async take(taskUID, signal, onWait) {
      if (gate.isFull() || ports.isExhausted()) onWait();
      endTurn = await turns.take(taskUID, signal);
      leaveGate = await gate.enter(signal);
      port = await ports.acquire(signal);
      return port;
    },
    adopt(runtime, inventory) {
      endTurn = turns.adopt(runtime.taskUID);
      leaveGate = gate.adopt();
      port = runtime.address.port;
      // Not in the inventory: a lifecycle before this one had started it.
      if (!inventory.handOver(runtime.sandboxUID)) ports.adopt(port);
    },
    async changePort(signal) {
      const refused = port;
      // Held until there is another one: the lowest free port would be the same again.
      port = await ports.acquire(signal);
      if (refused !== undefined) ports.release(refused);
      return port;
    },
    endTurn: () => endTurn(),
    leave() {
      endTurn();
      leaveGate();
      if (port !== undefined) ports.release(port);
      port = undefined;
    },
  };
}
