import { sleep } from '../../../machinery/clock.ts';
import { checkStore } from '../../store-check.ts';
import type { CheckedStore } from '../../store-check.ts';
import type { DatabaseFacts, HealthFacts } from './component-health.ts';

export interface KnownHealthOptions extends CheckedStore {
  /** Counted in memory. */
  countExecutors(): Promise<HealthFacts['executors']>;
  closing: AbortSignal;
}

/** A check of the database counts for so long, however many ask. */
const CHECK_COUNTS_MS = 1_000;
/** A probe is answered within 10 ms: a check that takes longer counts for the next one. */
const WAIT_MS = 5;

/** The facts about a server, from memory where they are there; the database is checked once a second at most. */
export class KnownHealth {
  readonly #options: KnownHealthOptions;
  #last: DatabaseFacts | undefined;
  #startedAt = Number.NEGATIVE_INFINITY;
  #checking: Promise<void> | undefined;

  constructor(options: KnownHealthOptions) {
    this.#options = options;
  }

  async facts(): Promise<HealthFacts> {
    const { storeHealth, countExecutors, closing } = this.#options;
    const database = await this.#database();
    const executors = database.isAway ? NO_EXECUTORS : await countExecutors();
    return { isStopping: closing.aborted, database, redis: storeHealth().hints, executors };
  }

  async #database(): Promise<DatabaseFacts> {
    const { storeHealth, clock } = this.#options;
    const now = clock.now();
    if (storeHealth().database !== undefined) return { isAway: true, checkedAt: now };
    if (this.#checking === undefined && now - this.#startedAt >= CHECK_COUNTS_MS) {
      this.#startedAt = now;
      this.#checking = this.#check().finally(() => (this.#checking = undefined));
    }
    if (this.#checking !== undefined) await Promise.race([this.#checking, sleep(clock, WAIT_MS)]);
    return this.#last ?? { isAway: false };
  }

  async #check(): Promise<void> {
    const started = performance.now();
    const isAway = await checkStore(this.#options).then(
      () => false,
      () => true,
    );
    const latencyMs = Math.round((performance.now() - started) * 1000) / 1000;
    const checkedAt = this.#options.clock.now();
    this.#last = isAway ? { isAway, checkedAt } : { isAway, latencyMs, checkedAt };
  }
}

/** Nobody can be asked for them while the database is away. */
const NO_EXECUTORS: HealthFacts['executors'] = { total: 0, ready: 0 };
