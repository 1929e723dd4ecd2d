import { isStatusError } from '#api/machinery/status-error';
import type { PublishedPorts } from '../driver.ts';
import type { PortAllocator } from './port-allocator.ts';

/** How often another port is tried when the engine says that one is in use. */
const TRIES = 5;

/** Which runtime has which port of the machine, from its first start until nothing of it is left. */
export class RuntimePorts {
  readonly #allocator: PortAllocator;
  readonly #held = new Map<string, number>();

  constructor(allocator: PortAllocator) {
    this.#allocator = allocator;
  }

  get published(): PublishedPorts {
    return { ...this.#allocator.range, inUse: () => this.#held.size };
  }

  /** For a runtime that an earlier manager started. */
  adopt(id: string, port: number): void {
    if (!this.#held.has(id) && this.#allocator.adopt(port)) this.#held.set(id, port);
  }

  /** Only when nothing of the runtime can still listen on it. */
  release(id: string): void {
    const port = this.#held.get(id);
    if (this.#held.delete(id) && port !== undefined) this.#allocator.release(port);
  }

  /**
   * Starts a runtime on its port, or on a free one when it has none; on another one, after `undo`, when somebody
   * else listens there, for which `start` throws StatusError Conflict. Rejects when `signal` aborts while it waits.
   */
  async startOn<T>(
    id: string,
    act: { start: (port: number) => Promise<T>; undo: () => Promise<void> },
    signal: AbortSignal,
  ): Promise<T> {
    // Held until one works: the lowest free port would be the refused one again.
    const refused: number[] = [];
    try {
      for (;;) {
        const port = this.#held.get(id) ?? (await this.#acquire(id, signal));
        try {
          return await act.start(port);
        } catch (error) {
          if (!isStatusError(error, 'Conflict') || refused.length + 1 >= TRIES) throw error;
        }
        await act.undo();
        refused.push(port);
        this.#held.delete(id);
      }
    } finally {
      for (const port of refused) this.#allocator.release(port);
    }
  }

  async #acquire(id: string, signal: AbortSignal): Promise<number> {
    const port = await this.#allocator.acquire(signal);
    this.#held.set(id, port);
    return port;
  }
}
