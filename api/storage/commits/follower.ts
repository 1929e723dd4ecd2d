import type { Logger } from '../../machinery/logger.ts';
import { StorageError } from '../contract/storage-error.ts';
import type { LogRow, Position, RevisionTables, Tail } from '../driver/revision-tables.ts';
import type { Change, Memory } from '../memory/memory.ts';
import { restore } from '../memory/stored-object.ts';

const PAGE = 1_000;

export interface FollowerOptions {
  memory: Memory;
  log: Pick<RevisionTables, 'bumpRevision' | 'snapshot' | 'tail'>;
  logger: Logger;
  /** Called when the database lost commits that were read from it: more than revisions may be gone. */
  onLost(): void;
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
        const from = memory.position;
        const tail = await log.tail(from.revision, PAGE);
        await this.#take(tail, from);
        if (tail.rows.length === PAGE || this.#again) continue;
        this.#inDoubt = false;
        return;
      }
    } finally {
      // In the same step as the last look at #again: who comes later must start a read, not join this one.
      this.#reading = undefined;
    }
  }

  async #take(tail: Tail, from: Position): Promise<void> {
    const { memory, logger } = this.#options;
    memory.noteCompacted(tail.state.compacted);
    if (isElsewhere(tail, from)) {
      logger.warn('the database lost revisions that were read from it; every watch starts anew', {
        revision: from.revision,
        current: tail.state.current,
      });
      await this.#options.log.bumpRevision(memory.revision);
      await this.#reload('the database lost revisions; list anew');
      this.#options.onLost();
    } else if (hasMissed(tail, memory.revision)) {
      await this.#reload('the replica was away for too long; list anew');
    } else this.#apply(tail.rows.map((row) => changeOf(row)));
  }

  async #reload(why: string): Promise<void> {
    const { log, memory } = this.#options;
    memory.reload(await log.snapshot(), new StorageError('Compacted', why));
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

/**
 * Whether the database went another way than memory: the revision that memory is at belongs to another commit, or to
 * none. The row of a compacted one may be gone, so it tells only as long as it is there.
 */
function isElsewhere({ anchor, state }: Tail, from: Position): boolean {
  if (from.revision === 0) return false;
  if (anchor === undefined) return from.revision > state.compacted;
  return anchor !== from.commitId;
}

/** Whether compaction removed revisions that memory does not have yet. */
function hasMissed({ rows, state }: Tail, revision: number): boolean {
  if (state.compacted <= revision) return false;
  // Own commits overtake a read, so memory may have some of the rows, or all.
  const later = rows.filter((row) => row.revision > revision);
  const last = later.at(-1)?.revision ?? (rows.length > 0 ? revision : state.current);
  // Without a gap the rows from the next revision on are exactly as many as the numbers they span.
  return last - revision !== later.length;
}

function changeOf(row: LogRow): Change {
  return {
    revision: row.revision,
    commitId: row.commitId,
    key: row.key,
    object: row.op === 'delete' ? undefined : restore(row.key, row.revision, row.body),
  };
}
