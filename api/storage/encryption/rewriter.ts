import type { Clock } from '../../machinery/clock.ts';
import { describeError } from '../../machinery/logger.ts';
import type { Logger } from '../../machinery/logger.ts';
import { StorageError } from '../contract/storage-error.ts';
import type { DataKey } from './data-key.ts';
import type { EncryptionTables, SealedTable } from './encryption-tables.ts';
import type { KeyRing } from './key-ring.ts';
import { ownerText } from './sealed-text.ts';
import { seal, stampOf } from './text-cipher.ts';
import type { TextCipher } from './text-cipher.ts';
import { scanTexts, TABLES } from './text-scan.ts';
import type { ScannedRow } from './text-scan.ts';

export interface RewriterOptions {
  tables: EncryptionTables;
  ring: KeyRing;
  cipher: TextCipher;
  resources: ReadonlySet<string>;
  clock: Clock;
  logger: Logger;
}

/** Of texts per transaction: writes that come meanwhile wait for no more than this. */
const GROUP_BYTES = 256 * 1024;
const GROUP_ROWS = 100;

/** Until another try, and until others look after a replica that may have died with its work half done. */
const LATER_MS = 60_000;

/**
 * Brings every text under the newest data key, plain ones of the chosen kinds too, and then drops the older keys. What
 * is left when the process dies, the next start finds. Replicas may do so side by side. Texts only get another form:
 * no revision, id or watch sees anything of it.
 */
export class Rewriter {
  readonly #options: RewriterOptions;
  #running: Promise<void> | undefined;
  #again = false;
  #closed = false;
  #cancelLater: (() => void) | undefined;
  #rewritten = 0;
  #failure: string | undefined;

  constructor(options: RewriterOptions) {
    this.#options = options;
  }

  get progress(): { running: boolean; rewritten: number; failure?: string } {
    const failure = this.#failure === undefined ? {} : { failure: this.#failure };
    return { running: this.#running !== undefined, rewritten: this.#rewritten, ...failure };
  }

  /** Goes over all texts, once more if it is at it. */
  start(): void {
    if (this.#closed) return;
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  startLater(): void {
    if (this.#closed) return;
    this.#cancelLater?.();
    this.#cancelLater = this.#options.clock.after(LATER_MS, () => this.start());
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelLater?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { logger } = this.#options;
    const before = this.#rewritten;
    try {
      while (this.#again && !this.#closed) {
        this.#again = false;
        await this.#pass();
      }
      this.#failure = undefined;
    } catch (error) {
      this.#failure = describeError(error);
      logger.error('texts in the database could not be encrypted anew; it is tried again', {
        error: this.#failure,
      });
      this.startLater();
    }
    const texts = this.#rewritten - before;
    if (texts > 0) logger.info('encrypted texts in the database anew', { texts });
  }

  async #pass(): Promise<void> {
    const { tables, ring } = this.#options;
    await ring.refresh();
    const key = ring.newest;
    if (key === undefined) return;
    const damaged: StorageError[] = [];
    try {
      for (const table of TABLES) {
        damaged.push(...(await this.#rewriteTable(table, key)));
        // Waits for commits under way: one may have taken a Task's text from `revisions` before it was rewritten.
        if (!(await this.#drop([], key)))
          throw new StorageError('StaleKey', 'the keys were changed meanwhile');
      }
      if (damaged[0] !== undefined) throw damaged[0];
      const { keys } = await tables.keys();
      const old = keys.map(({ id }) => id).filter((id) => id !== key.id);
      if (old.length > 0 && !this.#closed && !(await this.#drop(old, key))) this.#again = true;
      if (!this.#closed) await tables.removeRemains();
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'StaleKey') throw error;
      this.#again = true;
    }
  }

  #drop(drop: readonly string[], { generation }: DataKey): Promise<boolean> {
    return this.#options.tables.changeKeys({ from: generation, to: generation, put: [], drop });
  }

  /** @returns what could not be decrypted */
  async #rewriteTable(table: SealedTable, key: DataKey): Promise<StorageError[]> {
    const { tables, resources } = this.#options;
    const damaged: StorageError[] = [];
    for await (const rows of scanTexts(tables, { table, resources })) {
      const old = rows.filter(({ keyId }) => keyId !== key.id);
      if (old.some(({ keyId }) => keyId === undefined)) await tables.noteRemains();
      for (const group of groupsOf(old)) {
        if (this.#closed) return damaged;
        damaged.push(...(await this.#rewriteGroup(group, { table, key })));
      }
    }
    return damaged;
  }

  async #rewriteGroup(
    group: readonly ScannedRow[],
    { table, key }: { table: SealedTable; key: DataKey },
  ): Promise<StorageError[]> {
    const { tables, cipher } = this.#options;
    const places = group.map(({ place }) => place);
    const rewrite = (text: string, owner: ScannedRow['owner']): string => {
      const its = ownerText(table, owner);
      return seal(
        key,
        cipher.open(text, its, () => `${table} ${owner.join(' ')}`),
        its,
      );
    };
    try {
      const rewriting = { table, places, key: stampOf(key), rewrite };
      this.#rewritten += await cipher.reading(() => tables.rewrite(rewriting));
      return [];
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'Undecryptable') throw error;
      if (group.length === 1) return [error];
      // The others must not stay as they are because of one.
      const damaged: StorageError[] = [];
      for (const row of group) damaged.push(...(await this.#rewriteGroup([row], { table, key })));
      return damaged;
    }
  }
}

function* groupsOf(rows: readonly ScannedRow[]): Generator<ScannedRow[]> {
  let group: ScannedRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    if (group.length === GROUP_ROWS || (group.length > 0 && bytes + row.size > GROUP_BYTES)) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(row);
    bytes += row.size;
  }
  if (group.length > 0) yield group;
}
