import { StorageError } from '#api/storage/contract';
import type { Told } from '#test/kit/watch-order';
import type { Cluster } from './cluster.ts';
import type { SeenEvent } from './replica-messages.ts';

/** What ends a watch without saying that it missed something. */
const MAY_GO_ON = new Set(['Unavailable', 'TooSlow', 'Closed']);

/** A client that watches through one place of a cluster, and goes on from what it saw last when its watch ends. */
export class LogWatcher {
  readonly told: Told[] = [];
  readonly #cluster: Cluster;
  readonly #place: number;
  readonly #resource: string;
  #waiting: { revision: number; resolve: () => void } | undefined;
  #stopped = false;
  /** Rejects with what ended the watch for good. */
  readonly failed: Promise<never>;

  constructor({ cluster, place, resource }: { cluster: Cluster; place: number; resource: string }) {
    this.#cluster = cluster;
    this.#place = place;
    this.#resource = resource;
    this.failed = this.#run();
    this.failed.catch(() => undefined);
  }

  get last(): number {
    return this.told.at(-1)?.revision ?? 0;
  }

  /** Resolves when it was told of the revision or a later one. */
  async reached(revision: number): Promise<void> {
    if (this.last >= revision) return;
    const reached = new Promise<void>((resolve) => {
      this.#waiting = { revision, resolve };
    });
    await Promise.race([reached, this.failed]);
  }

  stop(): void {
    this.#stopped = true;
  }

  async #run(): Promise<never> {
    for (;;) {
      const replica = await this.#cluster.at(this.#place);
      const ended = replica.watch(this.#resource, this.last, (events) => this.#onEvents(events));
      const error = await ended.then(() => 'ended without an error', codeOf);
      // After the test nothing is asked of a cluster that is gone.
      if (this.#stopped) return new Promise(() => undefined);
      if (!MAY_GO_ON.has(error)) throw new Error(`a watch from ${this.last}: ${error}`);
      await new Promise(setImmediate);
    }
  }

  #onEvents(events: readonly SeenEvent[]): void {
    for (const { revision, type, name, value } of events) {
      this.told.push({ revision, text: `${type} ${name} ${value}` });
    }
    if (this.#waiting !== undefined && this.last >= this.#waiting.revision) this.#waiting.resolve();
  }
}

const codeOf = (error: unknown): string => (error instanceof StorageError ? error.code : String(error));
