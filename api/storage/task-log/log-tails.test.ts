import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../machinery/clock.ts';
import { StorageError } from '../contract/storage-error.ts';
import type { TaskLogBounds } from '../contract/task-log.ts';
import type { StoredTaskEvent, StoredTaskPage, TaskEventsQuery } from '../driver/task-tables.ts';
import { LogTails } from './log-tails.ts';
import type { LogTailQuery } from './log-tail.ts';
import type { LogPage } from './log-ring.ts';

const UID = 'u';
const forever = new AbortController().signal;
const nextTurn = (): Promise<void> => new Promise(setImmediate);

/** The log of one Task as a database keeps it: appends at the end, retention drops at the beginning. */
class Tables {
  events: StoredTaskEvent[] = [];
  lastSeq = 0;
  /** Of all that were ever made: two with one number differ in this. */
  made = 0;
  selects = 0;
  /** Runs between a read and its answer. */
  afterRead: (() => void) | undefined;

  append(count: number, source = 's'): void {
    for (let i = 0; i < count; i++) {
      this.lastSeq += 1;
      this.made += 1;
      const seq = this.lastSeq;
      this.events.push({ seq, source, sourceSeq: seq, time: 't', type: 'text', data: `{"n":${this.made}}` });
    }
  }

  /** The last events, as a replica that was behind does when it takes over. */
  lose(most: number): void {
    const count = Math.min(most, this.events.length);
    this.events.length -= count;
    this.lastSeq -= count;
  }

  drop(count: number): void {
    this.events.splice(0, count);
  }

  async taskLogBounds(): Promise<TaskLogBounds> {
    await nextTurn();
    return { firstSeq: this.events[0]?.seq ?? this.lastSeq + 1, lastSeq: this.lastSeq };
  }

  async readTaskEvents({ after, limit, maxBytes }: TaskEventsQuery): Promise<StoredTaskPage> {
    this.selects += 1;
    const events: StoredTaskEvent[] = [];
    let bytes = 0;
    for (const event of this.events.filter(({ seq }) => seq > after)) {
      if (events.length >= limit || bytes >= maxBytes) break;
      events.push(event);
      bytes += event.data.length;
    }
    this.afterRead?.();
    await nextTurn();
    return { events, isFull: events.length >= limit || bytes >= maxBytes };
  }
}

function tailsOf(tables: Tables, ring = { events: 10, bytes: 10_000 }): LogTails {
  const clock = { ...systemClock, after: (_: number, fn: () => void) => systemClock.after(0, fn) };
  return new LogTails({ tables, wakeUp: { listening: false }, clock, polling: undefined, ring });
}

interface Follower {
  after: number;
  seqs: number[];
  pages: LogPage[];
  done: Promise<void>;
  /** It was told that what it was given may be lost. */
  isTold: boolean;
}

/** Reads to the end, letting `slowness` turns of the event loop pass after each page. */
function follow(tails: LogTails, query: LogTailQuery, slowness = 0): Follower {
  const follower: Follower = {
    ...{ after: query.after, seqs: [], pages: [] },
    ...{ done: Promise.resolve(), isTold: false },
  };
  const read = async (): Promise<void> => {
    for await (const page of tails.follow(UID, query)) {
      follower.pages.push(page);
      follower.seqs.push(...page.map(({ seq }) => seq));
      for (let i = 0; i < slowness; i++) await nextTurn();
    }
  };
  follower.done = read();
  return follower;
}

const numbered = (seq: number) => ({ seq, sourceSeq: seq });
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

type Step =
  | { do: 'append' | 'expire' | 'pass'; count: number }
  | { do: 'join'; after: number; slowness: number }
  | { do: 'leave'; count: number }
  /** Others are written in the place of some of those that are lost, or of all and more. */
  | { do: 'lose'; count: number; rewritten: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('append' as const), count: fc.integer({ min: 1, max: 30 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('append' as const), count: fc.constant(1_100) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('join' as const), after: fc.nat(1_500), slowness: fc.nat(6) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('expire' as const, 'pass' as const, 'pass' as const, 'leave' as const),
      count: fc.nat(20),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('lose' as const), count: fc.nat(20), rewritten: fc.nat(30) }),
  },
);

interface Stage {
  tables: Tables;
  tails: LogTails;
  followers: (Follower & { leave: AbortController })[];
  until: AbortController;
}

async function take(stage: Stage, each: Step): Promise<void> {
  const { tables, tails, followers, until } = stage;
  if (each.do === 'append') {
    tables.append(each.count);
    tails.wake(UID);
  } else if (each.do === 'expire') tables.drop(each.count);
  else if (each.do === 'lose') {
    tables.lose(each.count);
    tables.append(each.rewritten, 'other');
    tails.restartAll();
  } else if (each.do === 'pass') for (let i = 0; i < each.count; i++) await nextTurn();
  else if (each.do === 'leave') followers[each.count]?.leave.abort();
  else if (each.do === 'join') {
    const leave = new AbortController();
    const query = { after: each.after, signal: leave.signal, until: until.signal };
    const follower = follow(tails, query, each.slowness);
    follower.done = follower.done.catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'Compacted' });
      follower.isTold = true;
    });
    followers.push(Object.assign(follower, { leave }));
  }
}

describe('the followers of a log', () => {
  it('each get exactly what comes after their number, in order, however slow they are and whatever expires, or are told that something is lost', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const stage: Stage = {
          tables: new Tables(),
          tails: tailsOf(new Tables()),
          followers: [],
          until: new AbortController(),
        };
        stage.tails = tailsOf(stage.tables);
        for (const each of steps) await take(stage, each);
        stage.until.abort();
        await Promise.all(stage.followers.map(({ done }) => done));
        const { events, lastSeq } = stage.tables;
        const firstKept = events[0]?.seq ?? lastSeq + 1;
        const kept = new Map(events.map(({ seq, data }) => [seq, data]));
        for (const { after, seqs, pages, leave, isTold } of stage.followers) {
          expect(seqs, 'in order, each once').toEqual([...new Set(seqs)].sort((a, b) => a - b));
          expect(seqs[0] ?? after + 1).toBeGreaterThan(after);
          if (isTold) continue;
          const isOver = leave.signal.aborted;
          for (const { seq, data } of isOver ? [] : pages.flat())
            expect(JSON.stringify(data), 'nothing that is lost').toBe(kept.get(seq) ?? JSON.stringify(data));
          const until = leave.signal.aborted ? (seqs.at(-1) ?? 0) : lastSeq;
          const given = new Set(seqs);
          const missed = upTo(until).filter((seq) => seq > after && !given.has(seq));
          expect(missed.filter((seq) => seq >= firstKept)).toEqual([]);
        }
        expect(stage.tails.count, 'nobody follows any more').toBe(0);
      }),
      { numRuns: 400 },
    );
  });

  it('share one select per wake, and the same pages', async () => {
    const tables = new Tables();
    const tails = tailsOf(tables);
    const until = new AbortController();
    const crowd = Array.from({ length: 2_000 }, () =>
      follow(tails, { after: 0, signal: forever, until: until.signal }),
    );
    while (tables.selects < 1) await nextTurn();
    for (let event = 1; event <= 20; event++) {
      tables.append(1);
      tails.wake(UID);
      while (crowd.some(({ seqs }) => seqs.length < event)) await nextTurn();
    }
    expect(tables.selects).toBe(21);
    until.abort();
    await Promise.all(crowd.map(({ done }) => done));
    expect(tables.selects, 'one more makes sure of the end').toBe(22);
    expect(new Set(crowd.flatMap(({ pages }) => pages)).size).toBe(20);
  });

  it('that are slow do not make the ring grow', async () => {
    const tables = new Tables();
    const tails = tailsOf(tables);
    const until = new AbortController();
    const query = { after: 0, signal: forever, until: until.signal };
    const [slow, quick] = [follow(tails, query, 500), follow(tails, query)];
    for (let event = 1; event <= 200; event++) {
      tables.append(1);
      tails.wake(UID);
      while (quick.seqs.length < event) await nextTurn();
      expect(tails.sizeOf(UID).events).toBeLessThanOrEqual(20);
    }
    until.abort();
    await Promise.all([slow.done, quick.done]);
    expect(slow.seqs).toEqual(upTo(200));
    expect(slow.pages.length, 'it caught up in pages').toBeLessThan(20);
  });

  it('see an append that comes between a read and the wait', async () => {
    const tables = new Tables();
    const tails = tailsOf(tables);
    const leave = new AbortController();
    let count = 0;
    tables.afterRead = () => {
      if (count++ !== 2) return;
      tables.append(1);
      tails.wake(UID);
    };
    const follower = follow(tails, { after: 0, signal: leave.signal });
    for (let wake = 1; wake <= 2; wake++) {
      while (tables.selects < wake) await nextTurn();
      tails.wake(UID);
    }
    while (follower.seqs.length < 1) await nextTurn();
    leave.abort();
    await follower.done;
    expect(follower.seqs).toEqual([1]);
  });

  it('are all told when the log cannot be read, and a new one reads again', async () => {
    const tables = new Tables();
    const tails = tailsOf(tables);
    const followers = [
      follow(tails, { after: 0, signal: forever }),
      follow(tails, { after: 7, signal: forever }),
    ];
    const failed = Promise.allSettled(followers.map(({ done }) => done));
    while (tables.selects < 1) await nextTurn();
    tables.afterRead = () => {
      throw new StorageError('Unavailable', 'away');
    };
    tails.wake(UID);
    expect(await failed).toMatchObject([
      { reason: { code: 'Unavailable' } },
      { reason: { code: 'Unavailable' } },
    ]);
    tables.afterRead = undefined;
    tables.append(1);
    const until = AbortSignal.abort();
    const again = follow(tails, { after: 0, signal: forever, until });
    await again.done;
    expect(again.seqs).toEqual([1]);
    expect(tails.count).toBe(0);
  });

  it('hold no more of large events than a few, however many there are', async () => {
    const tables = new Tables();
    const data = JSON.stringify({ text: 'x'.repeat(1024 * 1024) });
    for (tables.lastSeq = 0; tables.lastSeq < 40;)
      tables.events.push({
        ...{ source: 's', time: 't', type: 'text', data },
        ...numbered(++tables.lastSeq),
      });
    const tails = tailsOf(tables);
    const until = new AbortController();
    const reader = follow(tails, { after: 0, signal: forever, until: until.signal });
    until.abort();
    await reader.done;
    expect(reader.seqs).toEqual(upTo(40));
    expect(Math.max(...reader.pages.map(({ length }) => length))).toBe(4);
  });

  it('that begin with a number still to come get nothing before it', async () => {
    const tables = new Tables();
    tables.append(5);
    const tails = tailsOf(tables);
    const until = new AbortController();
    const early = follow(tails, { after: 8, signal: forever, until: until.signal });
    while (tables.selects < 1) await nextTurn();
    for (let i = 0; i < 5; i++) {
      tables.append(1);
      tails.wake(UID);
      await nextTurn();
    }
    until.abort();
    await early.done;
    expect(early.seqs).toEqual([9, 10]);
  });

  it('that are beyond what the database has left are told, for what is written next has the numbers they know', async () => {
    const tables = new Tables();
    tables.append(10);
    const tails = tailsOf(tables);
    const ahead = follow(tails, { after: 0, signal: forever });
    const begun = follow(tails, { after: 8, signal: forever });
    while (ahead.seqs.length < 10) await nextTurn();
    tables.lose(5);
    tails.restartAll();
    for (const { done } of [ahead, begun]) await expect(done).rejects.toMatchObject({ code: 'Compacted' });
    expect(tails.count).toBe(0);
  });

  it('that were given nothing yet go on with what the database has now', async () => {
    const tables = new Tables();
    tables.append(1_200);
    const tails = tailsOf(tables);
    const until = new AbortController();
    const early = follow(tails, { after: 0, signal: forever, until: until.signal });
    while (tables.selects < 1) await nextTurn();
    until.abort();
    tables.lose(700);
    tables.append(3, 'other');
    tails.restartAll();
    await early.done;
    expect(early.seqs).toEqual(upTo(503));
    expect(early.pages.flat().filter(({ source }) => source === 'other').length).toBe(3);
  });

  it('that come after the database lost events get what it has now, not what was read before', async () => {
    const tables = new Tables();
    tables.append(5);
    const tails = tailsOf(tables);
    const early = follow(tails, { after: 0, signal: forever });
    while (early.seqs.length < 5) await nextTurn();
    tables.lose(2);
    tables.append(2, 'other');
    tails.restartAll();
    await expect(early.done).rejects.toMatchObject({ code: 'Compacted' });
    const late = follow(tails, { after: 0, signal: forever, until: AbortSignal.abort() });
    await late.done;
    expect(late.seqs).toEqual(upTo(5));
    expect(late.pages.flat().map(({ source }) => source)).toEqual(['s', 's', 's', 'other', 'other']);
  });

  it('end when the store closes', async () => {
    const tails = tailsOf(new Tables());
    const follower = follow(tails, { after: 0, signal: forever });
    await nextTurn();
    tails.close();
    await follower.done;
    await follow(tails, { after: 0, signal: forever }).done;
    expect(follower.seqs).toEqual([]);
  });
});
