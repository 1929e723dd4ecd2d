import { setTimeout as delay } from 'node:timers/promises';
import { StorageError } from '#api/storage/contract/storage-error';
import type { Told } from '../../kit/watch-order.ts';
import type { Cluster } from './cluster.ts';
import type { SeenEvent } from './replica-messages.ts';

/** What a watcher was told from one list to the next; the first begins with an empty store. */
export interface WatchSpan {
  after: number;
  told: Told[];
}

/** What ends a watch without saying that it missed something. */
const MAY_GO_ON = new Set(['Unavailable', 'TooSlow', 'Closed']);

/** As clients do after a failure. */
const BACK_OFF_MS = 20;

/** A client that watches through one place of a cluster, and goes on from what it saw last when its watch ends, or from a new list. */
export class LogWatcher {
  readonly #spans: WatchSpan[] = [{ after: 0, told: [] }];
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

  get spans(): readonly WatchSpan[] {
    return this.#spans;
  }

  get last(): number {
    const { after, told } = this.#spans.at(-1)!;
    return told.at(-1)?.revision ?? after;
  }

  /** Resolves when it was told of the revision or a later one. */
  async reached(revision: number): Promise<void> {
    if (this.last >= revision) return;
    const { promise: reached, resolve } = Promise.withResolvers<void>();
    this.#waiting = { revision, resolve };
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
      if (error === 'Compacted') await this.#listAnew();
      else if (!MAY_GO_ON.has(error)) throw new Error(`a watch from ${this.last}: ${error}`);
      await delay(BACK_OFF_MS);
    }
  }

  #onEvents(events: readonly SeenEvent[]): void {
    for (const { revision, type, name, value } of events) {
      this.#spans.at(-1)!.told.push({ revision, text: `${type} ${name} ${value}` });
    }
    this.#wake();
  }

  async #listAnew(): Promise<void> {
    const replica = await this.#cluster.at(this.#place);
    // It may be gone again: then the next watch finds that it has to list.
    const list = await replica.list({ resource: this.#resource }).catch(() => undefined);
    if (list !== undefined) this.#spans.push({ after: list.revision, told: [] });
    this.#wake();
  }

  #wake(): void {
    if (this.#waiting !== undefined && this.last >= this.#waiting.revision) this.#waiting.resolve();
  }
}

const codeOf = (error: unknown): string => (error instanceof StorageError ? error.code : String(error));
