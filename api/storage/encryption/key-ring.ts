import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import { StorageError } from '../contract/storage-error.ts';
import { generationOf, newDataKey, unwrapped, wrapped } from './data-key.ts';
import type { DataKey } from './data-key.ts';
import type { EncryptionTables, KeyTable, WrappedKey } from './encryption-tables.ts';
import { newRootKeys, parseRootKeys, withNewRootKey } from './root-keys.ts';
import type { RootKey, RootKeySource } from './root-keys.ts';

export interface KeyRingOptions {
  tables: Pick<EncryptionTables, 'changeKeys' | 'keys'>;
  rootKeys: RootKeySource;
  /** Something is to be encrypted, so there has to be a key. */
  needed: boolean;
  /** Another replica made a new key. */
  onRotated(): void;
  clock: Clock;
  logger: Logger;
}

/** Attempts of a change of the keys while other replicas change them, too. */
const ATTEMPTS = 5;

/** The data keys, unwrapped. Replicas change them side by side; who is behind is refused a write and refreshes. */
export class KeyRing {
  readonly #options: KeyRingOptions;
  readonly #keys = new Map<string, DataKey>();
  #newest: DataKey | undefined;
  /** The refresh under way, and the one that begins after it. */
  #refreshing: Promise<void> | undefined;
  #refreshingNext: Promise<void> | undefined;
  /** Readings of the keys, in the order in which they began; what an older one has found takes back nothing. */
  #readings = 0;
  #adopted = 0;

  constructor(options: KeyRingOptions) {
    this.#options = options;
  }

  /** Undefined until something has to be encrypted. */
  get newest(): DataKey | undefined {
    return this.#newest;
  }

  find(id: string): DataKey | undefined {
    return this.#keys.get(id);
  }

  /** Unwraps every key; makes the first ones of a new database. @throws StorageError Undecryptable */
  async open(): Promise<void> {
    const table = await this.#read();
    if (table.keys.length === 0 && !this.#options.needed) return;
    this.#adopt(table, await this.#readRoots({ isNew: table.keys.length === 0 }));
    if (this.#newest === undefined) await this.#change();
  }

  /** Learns of keys that other replicas made until now: one that is under way may have begun before they did. */
  refresh(): Promise<void> {
    if (this.#refreshing === undefined) return this.#startRefresh();
    this.#refreshingNext ??= this.#refreshing
      .catch(() => undefined) // told to those who wait for that one
      .then(() => {
        this.#refreshingNext = undefined;
        return this.#startRefresh();
      });
    return this.#refreshingNext;
  }

  #startRefresh(): Promise<void> {
    this.#refreshing = this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** Makes a new data key and wraps all of them with the first root key, which may be a new one. */
  async rotate({ newRoot }: { newRoot: boolean }): Promise<DataKey> {
    if (newRoot) await this.#addRoot();
    return this.#change();
  }

  /** The root keys as they are now. */
  rootKeys(): Promise<RootKey[]> {
    return this.#readRoots({ isNew: false });
  }

  async #refresh(): Promise<void> {
    const table = await this.#read();
    const before = this.#newest;
    const isNews = table.keys.some(({ id }) => !this.#keys.has(id));
    this.#adopt(table, isNews ? await this.#readRoots({ isNew: false }) : []);
    if (this.#newest === undefined && this.#options.needed) await this.#change();
    if (this.#newest !== before) this.#options.onRotated();
  }

  async #change(): Promise<DataKey> {
    for (let left = ATTEMPTS; left > 0; left--) {
      const made = await this.#tryChange();
      if (made !== undefined) return made;
    }
    throw new StorageError('Unavailable', 'the encryption keys are being changed by other replicas');
  }

  async #tryChange(): Promise<DataKey | undefined> {
    const { tables, clock } = this.#options;
    const table = await this.#read();
    const roots = await this.#readRoots({ isNew: table.keys.length === 0 });
    this.#adopt(table, roots);
    const [root] = roots as [RootKey];
    const highest = Math.max(table.generation, ...table.keys.map(({ id }) => generationOf(id)));
    const made = newDataKey(highest + 1, { root, now: clock.now() });
    const known = table.keys.map(({ id }) => this.#keys.get(id) as DataKey);
    const put = [...known, made].map((key) => wrapped(key, root));
    const isChanged = await tables.changeKeys({ from: table.generation, to: made.generation, put, drop: [] });
    if (!isChanged) return undefined;
    this.#keys.set(made.id, made);
    this.#newest = made;
    this.#adopted = ++this.#readings;
    // Two who replace the file at once: were ours lost, what it wraps would be. The keys are at hand still.
    const kept = await this.#readRoots({ isNew: false });
    return kept.some(({ id }) => id === root.id) ? made : undefined;
  }

  async #read(): Promise<Reading> {
    const reading = ++this.#readings;
    return { ...(await this.#options.tables.keys()), reading };
  }

  #adopt(table: Reading, roots: readonly RootKey[]): void {
    const unknown = table.keys.filter(({ id }) => !this.#keys.has(id));
    const orphans = unknown.filter(({ rootKeyId }) => !roots.some(({ id }) => id === rootKeyId));
    if (orphans.length > 0) throw this.#noRootKey(orphans, roots);
    for (const row of unknown) this.#keys.set(row.id, this.#unwrap(row, roots));
    if (table.reading < this.#adopted) return;
    this.#adopted = table.reading;
    const newest = table.keys.find(({ id }) => generationOf(id) === table.generation);
    this.#newest = newest && this.#keys.get(newest.id);
  }

  #unwrap(row: WrappedKey, roots: readonly RootKey[]): DataKey {
    const root = roots.find(({ id }) => id === row.rootKeyId) as RootKey;
    const key = unwrapped(row, root);
    if (key !== undefined) return key;
    throw new StorageError('Undecryptable', `the data key ${row.id} in the database was damaged or changed`);
  }

  async #readRoots({ isNew }: { isNew: boolean }): Promise<RootKey[]> {
    const { rootKeys, logger } = this.#options;
    const text = await rootKeys.read();
    if (text !== undefined) return parseRootKeys(text, rootKeys.name);
    if (!isNew) throw new StorageError('Undecryptable', await this.#missingText());
    if (rootKeys.create === undefined) {
      const how = `make it once for all servers: (umask 077; openssl rand -base64 32 > ${rootKeys.name})`;
      throw new StorageError('Undecryptable', `there is no file ${rootKeys.name} with root keys; ${how}`);
    }
    const made = parseRootKeys(await rootKeys.create(newRootKeys()), rootKeys.name);
    logger.info('made a root key; keep a copy of its file, without it encrypted objects are lost', {
      file: rootKeys.name,
      rootKey: made[0]?.id,
    });
    return made;
  }

  async #addRoot(): Promise<void> {
    const { rootKeys } = this.#options;
    const found = await rootKeys.read();
    if (found === undefined) throw new StorageError('Undecryptable', await this.#missingText());
    parseRootKeys(found, rootKeys.name);
    await rootKeys.supersede({ found, next: withNewRootKey(found) });
  }

  async #missingText(): Promise<string> {
    const { rootKeys, tables } = this.#options;
    return `there is no file ${rootKeys.name}, but ${needed((await tables.keys()).keys)}; ${REMEDY}`;
  }

  #noRootKey(orphans: readonly WrappedKey[], roots: readonly RootKey[]): StorageError {
    const { name } = this.#options.rootKeys;
    const has = roots.map(({ id }) => id).join(', ');
    return new StorageError(
      'Undecryptable',
      `${name} has the root key ${has}, but ${needed(orphans)}; ${REMEDY}`,
    );
  }
}

type Reading = KeyTable & { reading: number };

const REMEDY =
  'put the file of the server that made them there, or its backup (docs/operations.md, Encryption at rest)';

function needed(keys: readonly WrappedKey[]): string {
  const groups = Map.groupBy(keys, ({ rootKeyId }) => rootKeyId);
  const parts = [...groups].map(
    ([root, its]) => `${root} for the data keys ${its.map(({ id }) => id).join(', ')}`,
  );
  return `the database needs the root key ${parts.join(' and ')}`;
}
