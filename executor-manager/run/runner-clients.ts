import type { Dispatcher } from 'undici';
import type { Clock } from '#api/machinery/clock';
import type { Runtime } from '../drivers/driver.ts';
import { createRunnerClient, runnerPool } from './runner-client.ts';
import type { RunnerClient } from './runner-client.ts';

export interface RunnerClientsOptions {
  tokenFor: (runnerID: string) => { token: string };
  clock: Clock;
}

/** Makes the clients of runtimes. Those of one shared runner have their connections in common. */
export class RunnerClients {
  readonly #options: RunnerClientsOptions;
  /** By the id of the shared runner. */
  readonly #pools = new Map<string, { pool: Dispatcher; users: number }>();

  constructor(options: RunnerClientsOptions) {
    this.#options = options;
  }

  of({ id, address, sharedRunner }: Runtime): RunnerClient {
    const { tokenFor, clock } = this.#options;
    if (sharedRunner === undefined) return createRunnerClient({ address, token: tokenFor(id).token, clock });
    const { pool, leave } = this.#use(sharedRunner);
    const client = createRunnerClient({ address, token: tokenFor(sharedRunner).token, clock, pool });
    return { ...client, close: leave };
  }

  /** The connections of a shared runner, until the last of those who use them has left. */
  #use(runnerID: string): { pool: Dispatcher; leave: () => Promise<void> } {
    const shared = this.#pools.get(runnerID) ?? { pool: runnerPool(), users: 0 };
    this.#pools.set(runnerID, shared);
    shared.users += 1;
    let left = false;
    const leave = async (): Promise<void> => {
      if (left) return;
      left = true;
      shared.users -= 1;
      if (shared.users > 0) return;
      this.#pools.delete(runnerID);
      await shared.pool.destroy();
    };
    return { pool: shared.pool, leave };
  }
}
