import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../machinery/clock.ts';
import { describeError } from '../../machinery/logger.ts';
import type { Logger } from '../../machinery/logger.ts';
import { StorageError } from '../../storage/contract/storage-error.ts';
import type {
  ListResult,
  ObjectStore,
  StorageKey,
  StoredObject,
  StoreEvent,
} from '../../storage/contract/objects.ts';

export interface FollowedObjectsOptions {
  /** As in storage keys, such as `roles.rbac.authorization.k8s.io`. */
  resource: string;
  store: ObjectStore;
  clock: Clock;
  logger: Logger;
  /** An object that is new or changed. */
  set(object: StoredObject): void;
  removed(key: StorageKey): void;
}

const RETRY_MS = 1_000;

/** Tells of every change to the objects of one resource, in order, for as long as the process runs. */
export class FollowedObjects {
  readonly #options: FollowedObjectsOptions;
  readonly #end = new AbortController();
  readonly #known = new Map<string, StoredObject>();
  /** Everything up to here is known. */
  #revision = 0;
  /** The revision of the last list that was taken over. */
  #listed = 0;
  #isLive = false;
  #following: Promise<void> = Promise.resolve();

  constructor(options: FollowedObjectsOptions) {
    this.#options = options;
  }

  /** Resolves once all that is there was told. @throws StorageError */
  async start(): Promise<void> {
    this.#adopt(await this.#list());
    this.#following = this.#follow();
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#following;
  }

  /** Resolves once everything up to a revision was told that memory has. @throws StorageError */
  async reach(revision: number): Promise<void> {
    if (this.#revision >= revision) return;
    const { resource, store } = this.#options;
    if (this.#isLive && store.delivered(resource) >= revision) {
      // The watch has it; its reader gets its turn.
      await setImmediate();
      this.#revision = Math.max(this.#revision, revision);
    } else {
      this.#adopt(await store.list({ resource, minRevision: 0 }));
    }
  }

  #list(): Promise<ListResult> {
    return this.#options.store.list({ resource: this.#options.resource });
  }

  /** Meanwhile the watch may have brought more than the list has. */
  #adopt({ items, revision }: ListResult): void {
    if (revision < this.#revision) return;
    const names = new Set(items.map(({ key }) => keyText(key)));
    for (const [name, { key }] of this.#known) if (!names.has(name)) this.#remove(key);
    for (const item of items) this.#set(item);
    this.#revision = revision;
    this.#listed = revision;
  }

  #set(object: StoredObject): void {
    const name = keyText(object.key);
    if (this.#known.get(name)?.revision === object.revision) return;
    this.#known.set(name, object);
    this.#options.set(object);
  }

  #remove(key: StorageKey): void {
    if (this.#known.delete(keyText(key))) this.#options.removed(key);
  }

  async #follow(): Promise<void> {
    const { logger, resource } = this.#options;
    const { signal } = this.#end;
    while (!signal.aborted) {
      try {
        await this.#watch();
        return;
      } catch (error) {
        if (error instanceof StorageError && error.code === 'Closed') return;
        logger.warn('objects that are followed are listed again', { resource, error: describeError(error) });
        await this.#relist();
      } finally {
        this.#isLive = false;
      }
    }
  }

  async #watch(): Promise<void> {
    const { store, resource } = this.#options;
    const onLive = (): void => {
      this.#isLive = true;
    };
    const query = { resource, after: this.#revision, signal: this.#end.signal, onLive };
    for await (const events of store.watch(query)) this.#take(events);
  }

  #take(events: readonly StoreEvent[]): void {
    for (const { type, object, revision } of events) {
      // A list had it, and may have had what came after it.
      if (revision <= this.#listed) continue;
      if (type === 'DELETED') this.#remove(object.key);
      else this.#set(object);
      this.#revision = Math.max(this.#revision, revision);
    }
  }

  /** Waits a moment when the database does not answer yet. */
  async #relist(): Promise<void> {
    try {
      this.#adopt(await this.#list());
    } catch (error) {
      const { clock, logger, resource } = this.#options;
      logger.warn('objects that are followed cannot be listed', { resource, error: describeError(error) });
      const { promise, resolve } = Promise.withResolvers<void>();
      const cancel = clock.after(RETRY_MS, resolve);
      this.#end.signal.addEventListener('abort', () => resolve(), { once: true });
      await promise.finally(cancel);
    }
  }
}

const keyText = ({ namespace, name }: StorageKey): string => `${namespace}/${name}`;
