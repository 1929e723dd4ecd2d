import type { Clock } from '../machinery/clock.ts';
import { describeError } from '../machinery/logger.ts';
import type { Logger } from '../machinery/logger.ts';
import type { RevisionTables } from './contract.ts';
import type { Memory } from './memory.ts';

export interface CompactorOptions {
  memory: Memory;
  tables: Pick<RevisionTables, 'compact' | 'revision'>;
  clock: Clock;
  logger: Logger;
  /** Milliseconds between two compactions. */
  everyMs: number;
  /** History of this many milliseconds is kept. */
  windowMs: number;
  /** At least this many revisions are kept, however old. */
  minRevisions: number;
}

/**
 * Drops old history in the background. How old a revision is comes from marks made while running; they are
 * lost in a restart, which only keeps history longer.
 */
export class Compactor {
  readonly #options: CompactorOptions;
  #marks: { time: number; revision: number }[] = [];
  #cancelTimer: (() => void) | undefined;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: CompactorOptions) {
    this.#options = options;
    this.#mark();
    this.#schedule();
  }

  /** Compacts what may go now. Returns the compacted revision. */
  compact(): Promise<number> {
    const run = this.#running.catch(() => undefined).then(() => this.#compact());
    this.#running = run;
    return run;
  }

  async close(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    await this.#running.catch(() => undefined);
  }

  async #compact(): Promise<number> {
    const { tables, memory, clock, windowMs, minRevisions } = this.#options;
    this.#mark();
    const old = this.#marks.findLast((mark) => mark.time <= clock.now() - windowMs);
    // The newest revision always stays: by it a replica that was away notices that it missed something.
    const upTo = Math.min(old?.revision ?? 0, memory.revision - Math.max(minRevisions, 1));
    memory.noteCompacted(
      upTo > memory.compacted ? await tables.compact(upTo) : (await tables.revision()).compacted,
    );
    if (old !== undefined) this.#marks = this.#marks.slice(this.#marks.indexOf(old));
    return memory.compacted;
  }

  #mark(): void {
    this.#marks.push({ time: this.#options.clock.now(), revision: this.#options.memory.revision });
  }

  #schedule(): void {
    this.#cancelTimer = this.#options.clock.after(this.#options.everyMs, () => {
      this.compact()
        .catch((error: unknown) => {
          this.#options.logger.warn('compaction failed; it is tried again', { error: describeError(error) });
        })
        .finally(() => {
          if (this.#cancelTimer !== undefined) this.#schedule();
        });
    });
  }
}
