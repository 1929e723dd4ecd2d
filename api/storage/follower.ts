import { StorageError } from './contract.ts';
import type { LogRow, RevisionTables } from './contract.ts';
import type { Change, Memory } from './memory.ts';
import { restore } from './stored-object.ts';

const PAGE = 1_000;

export interface FollowerOptions {
  memory: Memory;
  log: Pick<RevisionTables, 'tail' | 'revision' | 'snapshot'>;
  /** Called when an event would have been lost; the store must stop. */
  onGap(error: unknown): void;
}

/** Brings the log of revisions into memory: own commits as they are, those of other replicas from the database. */
export class Follower {
  readonly #options: FollowerOptions;
  #reading: Promise<void> | undefined;
  #again = false;
  #inDoubt = false;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** Takes over what this process has committed; resolves when memory has it. */
  async absorb(changes: readonly Change[]): Promise<void> {
    const first = changes[0];
    const last = changes.at(-1);
    if (first === undefined || last === undefined) return;
    if (first.revision <= this.#options.memory.revision + 1) {
      this.#apply(changes);
      return;
    }
    // Another replica committed in between: read its revisions and ours in order.
    while (this.#options.memory.revision < last.revision) await this.catchUp();
  }

  /**
   * Reads until the end of the log as it was when this was called, or later. Rejects when the database cannot
   * be read.
   */
  async catchUp(): Promise<void> {
    if (this.#reading !== undefined) {
      // The read under way may have passed the place where a newer row appeared.
      this.#again = true;
      return this.#reading;
    }
    this.#reading = this.#read();
    return this.#reading;
  }

  /** True from a commit of unknown outcome until the log was read after it: memory may be behind until then. */
  get inDoubt(): boolean {
    return this.#inDoubt;
  }

  /** To be called when a commit failed: it may have happened although its answer was lost. */
  doubt(): void {
    this.#inDoubt = true;
    // At once for the sake of watchers. When it fails, the next read repeats it and gets its error.
    this.catchUp().catch(() => undefined);
  }

  /** Resolves when no read is under way. */
  async idle(): Promise<void> {
    await this.#reading?.catch(() => undefined);
  }

  async #read(): Promise<void> {
    const { log, memory } = this.#options;
    try {
      for (;;) {
        this.#again = false;
        const rows = await log.tail(memory.revision, PAGE);
        if (await this.#missed(rows)) await this.#reload();
        else this.#apply(rows.map((row) => changeOf(row)));
        if (rows.length === PAGE || this.#again) continue;
        this.#inDoubt = false;
        return;
      }
    } finally {
      // In the same step as the last look at #again: who comes later must start a read, not join this one.
      this.#reading = undefined;
    }
  }

  /** Whether compaction has removed revisions that memory does not have yet. */
  async #missed(rows: readonly LogRow[]): Promise<boolean> {
    const { log, memory } = this.#options;
    const before = memory.revision;
    const last = rows.at(-1);
    // Without a gap the rows from the next revision on are exactly as many as the numbers they span.
    const pending = rows.filter((row) => row.revision > before);
    // Nor is there one where memory has them all already: own commits overtake a read.
    if (last === undefined || last.revision <= before || last.revision - before === pending.length)
      return false;
    return (await log.revision()).compacted > before;
  }

  async #reload(): Promise<void> {
    const { log, memory } = this.#options;
    const snapshot = await log.snapshot();
    memory.reload(snapshot, new StorageError('Compacted', 'the replica was away for too long; list anew'));
  }

  #apply(changes: readonly Change[]): void {
    try {
      this.#options.memory.apply(changes);
    } catch (error) {
      this.#options.onGap(error);
      throw error;
    }
  }
}

function changeOf(row: LogRow): Change {
  return {
    revision: row.revision,
    key: row.key,
    object: row.op === 'delete' ? undefined : restore(row.key, row.revision, row.body),
  };
}
