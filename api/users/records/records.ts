import type { InternalResource } from '../../registry/internal-resources.ts';
import { translated } from '../../registry/storage-failure.ts';
import type { ObjectStore, StoredObject } from '../../storage/contract/objects.ts';
import { StorageError } from '../../storage/contract/storage-error.ts';

/** Where a record is. `owner` is '' where the name alone says it. */
export interface RecordKey {
  owner: string;
  name: string;
}

/** For messages about the database. */
const AT = { resource: { group: '', plural: 'accounts' } };

/**
 * Records of one sort that the server keeps for itself (internal-resources.ts): small, typed, and written by
 * comparing, so that replicas cannot overwrite each other. Failures are StatusErrors.
 */
export class Records<T extends object> {
  readonly #store: ObjectStore;
  readonly #resource: InternalResource;

  constructor({ store, resource }: { store: ObjectStore; resource: InternalResource }) {
    this.#store = store;
    this.#resource = resource;
  }

  /** The newest state, through whichever replica it was written. */
  async get(key: RecordKey): Promise<T | undefined> {
    return this.#valueOf(await this.#newest(key));
  }

  /**
   * As memory has it, which costs no look at the database: what this replica wrote is in it at once, the writes of
   * others within moments. One that is not in memory is looked for as `get` does.
   */
  async peek(key: RecordKey): Promise<T | undefined> {
    const query = { resource: this.#resource, namespace: key.owner, name: key.name, minRevision: 0 };
    const { items } = await translated(this.#store.list(query), AT);
    return items[0] === undefined ? this.get(key) : this.#valueOf(items[0]);
  }

  /** Those of an owner, or all. */
  async list(owner?: string): Promise<{ key: RecordKey; value: T }[]> {
    const where = { resource: this.#resource, ...(owner === undefined ? {} : { namespace: owner }) };
    const { items } = await translated(this.#store.list(where), AT);
    return items.flatMap((item) => {
      const value = this.#valueOf(item);
      return value === undefined ? [] : [{ key: { owner: item.key.namespace, name: item.key.name }, value }];
    });
  }

  /**
   * Writes what `next` makes of the newest state; undefined for one that is not there, or is not to be. It is called
   * again when another write came first.
   * @returns what is stored now
   */
  async change(key: RecordKey, next: (current: T | undefined) => T | undefined): Promise<T | undefined> {
    for (;;) {
      const stored = await this.#newest(key);
      const current = this.#valueOf(stored);
      const wanted = next(current);
      if (wanted === current) return current;
      if (await this.#commit(key, stored, wanted)) return wanted;
    }
  }

  remove(key: RecordKey): Promise<unknown> {
    return this.change(key, () => undefined);
  }

  #valueOf(stored: StoredObject | undefined): T | undefined {
    return stored?.object['value'] as T | undefined;
  }

  #newest({ owner, name }: RecordKey): Promise<StoredObject | undefined> {
    return translated(this.#store.get({ resource: this.#resource, namespace: owner, name }), AT);
  }

  /** False when another write came first. */
  async #commit(
    { owner, name }: RecordKey,
    stored: StoredObject | undefined,
    value: T | undefined,
  ): Promise<boolean> {
    const key = { resource: this.#resource, namespace: owner, name };
    const object = { apiVersion: 'internal', kind: 'Record', metadata: { name }, value };
    try {
      if (stored === undefined) await this.#store.commit({ op: 'create', key, object });
      else if (value === undefined) {
        await this.#store.commit({ op: 'delete', key, expectedRevision: stored.revision });
      } else await this.#store.commit({ op: 'update', key, object, expectedRevision: stored.revision });
      return true;
    } catch (error) {
      const isLost = error instanceof StorageError && ['Conflict', 'Exists', 'NotFound'].includes(error.code);
      if (isLost) return false;
      return translated(Promise.reject(error as Error), AT);
    }
  }
}
