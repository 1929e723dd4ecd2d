import type { Client } from '#api/client/client';
import { runReflector } from '#api/client/reflector';
import { sleep } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import { isStatusError } from '#api/machinery/status-error';
import { untilAborted } from '#api/machinery/until-aborted';
import { PODS } from './cluster-objects.ts';
import type { Pod } from './cluster-objects.ts';
import { ownedBy } from './labels.ts';
import type { Owner } from './labels.ts';

export interface PodWatchOptions extends Owner {
  client: Client;
  logger: Logger;
  clock: Clock;
  /** Ends it. */
  signal: AbortSignal;
}

const RETRY_MS = 500;

/** The Pods of one executor as the cluster tells of them, by one watch for all; nobody polls. */
export class PodWatch {
  readonly #options: PodWatchOptions;
  readonly #pods = new Map<string, Pod>();
  /** By the name of a Pod: told of its changes. */
  readonly #listeners = new Map<string, Set<() => void>>();
  /** Those that went while somebody listened, as they were then. */
  readonly #gone = new Map<string, Pod>();
  readonly #listed = Promise.withResolvers<void>();

  constructor(options: PodWatchOptions) {
    this.#options = options;
    void runReflector({
      ...options,
      type: PODS,
      labelSelector: ownedBy(options),
      target: {
        replace: (pods) => this.#replace(pods),
        apply: (type, pod) => this.#apply(type, pod),
      },
    });
  }

  /**
   * The verdict of `judge` on the Pod, as soon as it is not undefined; it is asked with each change. A Pod that is gone is
   * undefined, and `last` what was known of it when it went. Waits for a cluster that is away; rejects when `signal`
   * aborts, and with what `judge` throws.
   */
  async until<T>(
    name: string,
    judge: (pod: Pod | undefined, last?: Pod) => T | undefined,
    signal: AbortSignal,
  ): Promise<T> {
    await untilAborted(this.#listed.promise, signal);
    using changes = this.#listen(name);
    for (;;) {
      const change = changes.next();
      const pod = await this.#current(name, signal);
      const result = judge(pod, this.#gone.get(name));
      if (result !== undefined) return result;
      await untilAborted(change, signal);
    }
  }

  /** One that the watch does not know may only just have been made, or its end was missed. */
  async #current(name: string, signal: AbortSignal): Promise<Pod | undefined> {
    const { client, namespace, clock } = this.#options;
    for (;;) {
      signal.throwIfAborted();
      const known = this.#pods.get(name);
      if (known !== undefined) return known;
      try {
        return await client.within(signal).find(PODS, { namespace, name });
      } catch (error) {
        signal.throwIfAborted();
        if (!isStatusError(error)) throw error;
      }
      await sleep(clock, RETRY_MS, signal);
    }
  }

  #listen(name: string): Disposable & { next(): Promise<void> } {
    let { promise, resolve } = Promise.withResolvers<void>();
    const listener = (): void => {
      resolve();
      ({ promise, resolve } = Promise.withResolvers<void>());
    };
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return {
      next: () => promise,
      [Symbol.dispose]: () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        this.#listeners.delete(name);
        this.#gone.delete(name);
      },
    };
  }

  #replace(pods: readonly Pod[]): void {
    this.#pods.clear();
    for (const pod of pods) this.#pods.set(pod.metadata.name, pod);
    this.#listed.resolve();
    for (const name of this.#listeners.keys()) this.#tell(name);
  }

  #apply(type: 'ADDED' | 'MODIFIED' | 'DELETED', pod: Pod): void {
    const { name } = pod.metadata;
    if (type !== 'DELETED') this.#pods.set(name, pod);
    else {
      this.#pods.delete(name);
      if (this.#listeners.has(name)) this.#gone.set(name, pod);
    }
    this.#tell(name);
  }

  #tell(name: string): void {
    this.#listeners.get(name)?.forEach((listener) => listener());
  }
}
