import { describe, expect, it } from 'vitest';
import type { RevisionState } from '../driver/revision-tables.ts';
import { Follower } from '../commits/follower.ts';
import { Freshness } from './freshness.ts';
import { Memory } from './memory.ts';
import { systemClock } from '../../machinery/clock.ts';
import { silentLogger } from '../../machinery/logger.ts';

describe('Freshness', () => {
  it('shares a query only among readers that came before it began', async () => {
    const queries: ((state: RevisionState & { commitId: string }) => void)[] = [];
    const memory = new Memory({
      snapshot: { revision: 5, commitId: 'c', compacted: 0, rows: [] },
      ring: { events: 10, bytes: 1_000 },
    });
    const follower = new Follower({
      memory,
      log: {
        tail: () => Promise.resolve({ anchor: 'c', rows: [], state: { current: 5, compacted: 0 } }),
        snapshot: () => Promise.resolve({ revision: 5, commitId: 'c', compacted: 0, rows: [] }),
        bumpRevision: () => Promise.resolve(),
      },
      logger: silentLogger,
      onLost: () => {},
      onGap: () => {},
    });
    const freshness = new Freshness({
      memory,
      follower,
      clock: systemClock,
      shared: true,
      readRevision: () => new Promise((resolve) => void queries.push(resolve)),
      waitMs: 1_000,
    });
    const done: string[] = [];
    const reader = (name: string) => freshness.newest().then(() => done.push(name));
    const first = reader('first');
    const late = [reader('late 1'), reader('late 2')];
    expect(queries).toHaveLength(1);
    queries[0]?.({ current: 5, compacted: 0, commitId: 'c' });
    await first;
    while (queries.length < 2) await new Promise(setImmediate);
    expect(done).toEqual(['first']);
    queries[1]?.({ current: 5, compacted: 0, commitId: 'c' });
    await Promise.all(late);
    expect(queries).toHaveLength(2);
  });
});
