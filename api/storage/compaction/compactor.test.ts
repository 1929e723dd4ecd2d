import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../machinery/clock.ts';
import { silentLogger } from '../../machinery/logger.ts';
import type { Logger } from '../../machinery/logger.ts';
import { createManualClock } from '../../machinery/manual-clock.ts';
import type { ManualClock } from '../../machinery/manual-clock.ts';
import type { CompactionRules } from './compaction-goal.ts';
import { Compactor } from './compactor.ts';
import type { Driver } from '../driver/driver.ts';
import type { HistoryTables } from './history-tables.ts';
import { openSqlite } from '../sqlite/open-sqlite.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const YEAR = 365 * 24 * HOUR;

/** A database, the true time, and replicas whose clocks on the wall may be wrong. */
class World {
  readonly driver: Driver = openSqlite(':memory:');
  readonly time: ManualClock = createManualClock(50 * YEAR);
  readonly warnings: string[] = [];
  readonly rules: CompactionRules;
  /** The true time of each revision. */
  readonly written: number[] = [this.time.now()];
  readonly #replicas = new Set<Compactor>();

  constructor(rules: Partial<CompactionRules> = {}) {
    const standard = { everyMs: MINUTE, windowMs: 15 * MINUTE, minRevisions: 1, maxRevisions: 1e9 };
    this.rules = { ...standard, rememberMs: 0, ...rules };
  }

  /** Its timers are right, but its clock shows another time. */
  start(wall: { skew: number } = { skew: 0 }, tables: HistoryTables = this.driver.history): Compactor {
    const { time, written, rules } = this;
    const clock: Clock = { now: () => time.now() + wall.skew, after: (ms, fn) => time.after(ms, fn) };
    let compacted = 0;
    const memory = {
      get revision() {
        return written.length - 1;
      },
      get compacted() {
        return compacted;
      },
      noteCompacted(revision: number) {
        compacted = Math.max(compacted, revision);
      },
    };
    const logger: Logger = { ...silentLogger, warn: (message) => void this.warnings.push(message) };
    const compactor = new Compactor({ memory, tables, clock, logger, rules });
    this.#replicas.add(compactor);
    return compactor;
  }

  async stop(compactor: Compactor): Promise<void> {
    await compactor.close();
    this.#replicas.delete(compactor);
  }

  async write(count: number): Promise<void> {
    const mutations = Array.from({ length: count }, (_, i) => ({
      op: 'create' as const,
      key: { resource: 'r', namespace: '', name: `${this.written.length + i}` },
      expectedRevision: 0,
      body: '{}',
    }));
    const base = { revision: this.written.length - 1, commitId: '' };
    await this.driver.revisions.commit({ mutations, base, commitId: 'c' });
    for (let i = 0; i < count; i++) this.written.push(this.time.now());
  }

  /** Lets time pass and waits for what replicas do at this time. */
  async pass(ms: number): Promise<void> {
    this.time.advance(ms);
    for (const replica of this.#replicas) await replica.compact();
  }

  /** A minute with writes all the time. @returns how long ago the youngest dropped revision was written */
  async minute(): Promise<number> {
    for (let part = 0; part < 6; part++) {
      await this.write(2);
      await this.pass(MINUTE / 6);
    }
    return this.age();
  }

  async age(): Promise<number> {
    const compacted = await this.compacted();
    return compacted === 0 ? Number.POSITIVE_INFINITY : this.time.now() - (this.written[compacted] ?? 0);
  }

  async compacted(): Promise<number> {
    return (await this.driver.revisions.revision()).compacted;
  }

  async close(): Promise<void> {
    for (const replica of this.#replicas) await replica.close();
    await this.driver.close();
  }
}

let world: World;

beforeEach(() => {
  world = new World();
});
afterEach(async () => {
  await world.close();
});

/** @returns the least age of what was dropped at any minute */
async function minutes(count: number, each: (minute: number) => unknown = () => undefined): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let minute = 0; minute < count; minute++) {
    await each(minute);
    least = Math.min(least, await world.minute());
  }
  return least;
}

describe('Compactor', () => {
  it('drops what is older than the window, and nothing younger', async () => {
    world.start();
    expect(await minutes(40)).toBeGreaterThanOrEqual(15 * MINUTE);
    expect(await world.age()).toBeLessThanOrEqual(18 * MINUTE);
  });

  it('keeps the least number of revisions, however old', async () => {
    await world.close();
    world = new World({ minRevisions: 250 });
    world.start();
    await minutes(40);
    expect(await world.compacted()).toBe(230);
  });

  it('goes on although no process lives as long as the window, or as one interval', async () => {
    let replica = world.start();
    const restart = async (): Promise<void> => {
      await world.stop(replica);
      replica = world.start();
    };
    const each = async (minute: number): Promise<void> => {
      if (minute % 3 === 0) await restart();
    };
    expect(await minutes(60, each)).toBeGreaterThanOrEqual(15 * MINUTE);
    const before = await world.age();
    expect(before).toBeLessThanOrEqual(25 * MINUTE);
    for (let i = 0; i < 240; i++) {
      await restart();
      await world.write(1);
      await world.pass(20_000);
    }
    expect(await world.age()).toBeLessThanOrEqual(25 * MINUTE);
  });

  it.each([
    ['forward', YEAR],
    ['backward', -YEAR],
  ])('drops nothing younger when the clock jumps %s, and does not stop', async (_, jump) => {
    const wall = { skew: 0 };
    world.start(wall);
    await minutes(20);
    wall.skew = jump;
    expect(await minutes(40)).toBeGreaterThanOrEqual(15 * MINUTE);
    wall.skew = 0;
    expect(await minutes(20)).toBeGreaterThanOrEqual(15 * MINUTE);
    expect(await world.age()).toBeLessThanOrEqual(18 * MINUTE);
  });

  it('is right with replicas whose clocks disagree, whichever of them stay', async () => {
    const replicas: Compactor[] = [];
    for (const skew of [0, HOUR, -3 * HOUR, YEAR]) {
      replicas.push(world.start({ skew }));
      await world.pass(15_000);
    }
    expect(await minutes(40)).toBeGreaterThanOrEqual(15 * MINUTE);
    for (const replica of replicas.slice(1)) await world.stop(replica);
    // All marks are of times to come for the one that is left.
    expect(await minutes(40)).toBeGreaterThanOrEqual(15 * MINUTE);
    expect(await world.age()).toBeLessThanOrEqual(20 * MINUTE);
  });

  it('is at most one mark early for a process that starts with a clock gone wrong', async () => {
    let replica = world.start();
    await minutes(20);
    await world.stop(replica);
    replica = world.start({ skew: YEAR });
    expect(await minutes(40)).toBeGreaterThanOrEqual(14 * MINUTE);
    await world.stop(replica);
    world.start();
    expect(await minutes(40)).toBeGreaterThanOrEqual(14 * MINUTE);
  });

  it('holds the log to its largest size, and says so once', async () => {
    await world.close();
    world = new World({ maxRevisions: 50 });
    world.start();
    await minutes(20);
    expect(world.written.length - 1 - (await world.compacted())).toBe(50);
    expect(world.warnings).toHaveLength(1);
    expect(world.warnings[0]).toMatch(/history is kept for less than the window/);
  });

  it('tries again after a failure, and stops when it is closed', async () => {
    const { history } = world.driver;
    let failing = true;
    const flaky: HistoryTables = {
      marks: (limit) => (failing ? Promise.reject(new Error('away')) : history.marks(limit)),
      addMark: (mark) => history.addMark(mark),
      raiseCompacted: (upTo) => history.raiseCompacted(upTo),
      dropHistory: () => history.dropHistory(),
    };
    const replica = world.start({ skew: 0 }, flaky);
    world.time.advance(MINUTE);
    await expect(replica.compact()).rejects.toThrow('away');
    await new Promise(setImmediate);
    expect(world.warnings).toEqual(['compaction failed; it is tried again']);
    expect(world.time.pending).toBe(1);
    failing = false;
    await minutes(20);
    expect(await world.compacted()).toBeGreaterThan(0);
    await replica.close();
    expect(world.time.pending).toBe(0);
  });
});
