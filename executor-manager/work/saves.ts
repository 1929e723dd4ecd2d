import { untilAborted } from '#api/machinery/until-aborted';
import type { WorkKey } from './work-store.ts';

/**
 * Which Sandboxes' work is not yet saved, though it may be soon: whoever goes on with it waits. A Sandbox is in here
 * from the moment that the manager knows it until its work was saved, or nothing will be.
 */
export class Saves {
  readonly #open = new Map<string, { taskUID: string; settled: PromiseWithResolvers<void> }>();

  begin({ taskUID, sandboxUID }: WorkKey): void {
    if (this.#open.has(sandboxUID)) return;
    this.#open.set(sandboxUID, { taskUID, settled: Promise.withResolvers<void>() });
  }

  /** There is nothing left to wait for. Idempotent. */
  settle(sandboxUID: string): void {
    this.#open.get(sandboxUID)?.settled.resolve();
    this.#open.delete(sandboxUID);
  }

  /** Resolves when it was settled, at once when it never began; rejects when `signal` aborts. */
  settled(sandboxUID: string, signal: AbortSignal): Promise<void> {
    const open = this.#open.get(sandboxUID);
    return open === undefined ? Promise.resolve() : untilAborted(open.settled.promise, signal);
  }

  /** As `settled`, for all other Sandboxes of a Sandbox's Task. */
  async othersSettled({ taskUID, sandboxUID }: WorkKey, signal: AbortSignal): Promise<void> {
    const others = [...this.#open].filter(([uid, open]) => uid !== sandboxUID && open.taskUID === taskUID);
    await Promise.all(others.map(([uid]) => this.settled(uid, signal)));
  }
}
