import type { Clock } from '../../machinery/clock.ts';
import { describeError } from '../../machinery/logger.ts';
import type { Logger } from '../../machinery/logger.ts';
import { compactionGoal, marksOfWindow, marksToKeep } from './compaction-goal.ts';
import type { CompactionRules } from './compaction-goal.ts';
import type { HistoryMark, HistoryTables } from './history-tables.ts';
import type { Memory } from '../memory/memory.ts';

export interface CompactorOptions {
  memory: Pick<Memory, 'compacted' | 'noteCompacted' | 'revision'>;
  tables: HistoryTables;
  clock: Clock;
  logger: Logger;
  rules: CompactionRules;
}

/**
 * Drops old history in the background. How old a revision is comes from marks in the database, which all replicas
 * share. The clock on the wall may jump, so a mark is not trusted for its time but for its place: a replica makes one
 * only when its own timer saw the last one stay the newest for a whole interval (as kube-apiserver does between
 * compactions, etcd3/compact.go). Minutes without a write, or without a replica, do not count; then nothing grows.
 */
export class Compactor {
  readonly #options: CompactorOptions;
  /** The revision of the newest mark when the timer was set last; undefined before the first round. */
  #seen: number | undefined;
  #isFirst = true;
  #shortened = false;
  #closed = false;
  #cancelTimer: (() => void) | undefined;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: CompactorOptions) {
    this.#options = options;
    // Soon, so that processes which never live for a whole interval make marks, too.
    this.#schedule(options.rules.everyMs / 10);
  }

  /** Compacts what may go now. Returns the compacted revision. */
  compact(): Promise<number> {
    return this.#queue(() => this.#compact());
  }

  /** Ends within a batch. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer?.();
    await this.#running.catch(() => undefined);
  }

  #queue<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#running.catch(() => undefined).then(work);
    this.#running = run;
    return run;
  }

  async #compact(): Promise<number> {
    const { tables, memory, rules } = this.#options;
    const marks = await tables.marks(marksOfWindow(rules) + 1);
    const { upTo, shortened } = compactionGoal(rules, { current: memory.revision, marks });
    // Said first, then done: a reader looks at the compacted revision after it has read.
    memory.noteCompacted(await tables.raiseCompacted(upTo));
    this.#tellShortened(shortened);
    while (!this.#closed && (await tables.dropHistory()) === 'more') {
      await new Promise(setImmediate); // requests get their turn between two batches
    }
    return memory.compacted;
  }

  async #round(): Promise<void> {
    const { tables, clock, rules } = this.#options;
    const [newest] = await tables.marks(1);
    if (this.#mayMark(newest)) {
      await tables.addMark({ after: newest?.revision, time: clock.now(), keep: marksToKeep(rules) });
    }
    this.#seen = (await tables.marks(1))[0]?.revision;
    this.#isFirst = false;
    await this.#compact();
  }

  #mayMark(newest: HistoryMark | undefined): boolean {
    if (newest === undefined) return true;
    if (!this.#isFirst) return newest.revision === this.#seen;
    // Nobody knows how long ago it was but the clock. A time to come says nothing.
    return newest.time <= this.#options.clock.now() - this.#options.rules.everyMs;
  }

  #tellShortened(shortened: boolean): void {
    if (shortened && !this.#shortened) {
      this.#options.logger.warn('the log is at its largest size: history is kept for less than the window', {
        maxRevisions: this.#options.rules.maxRevisions,
      });
    }
    this.#shortened = shortened;
  }

  #schedule(inMs: number): void {
    if (this.#closed) return;
    this.#cancelTimer = this.#options.clock.after(inMs, () => {
      this.#queue(() => this.#round())
        .catch((error: unknown) => {
          this.#options.logger.warn('compaction failed; it is tried again', { error: describeError(error) });
        })
        .finally(() => this.#schedule(this.#options.rules.everyMs));
    });
  }
}
