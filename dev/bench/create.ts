import type { ApiUnderTest } from './api-under-test.ts';
import { bareInsert } from './bare-insert.ts';
import type { BenchDatabase } from './database.ts';
import type { Figure } from './figure.ts';
import { load } from './load.ts';
import { GHOSTS, sampleGhost } from './sample-object.ts';

const COUNT = 3_000;
const CONCURRENCY = 32;

/** Creates objects; the floor is a bare insert of the same bytes into the same database. */
export async function measureCreate(api: ApiUnderTest, database: BenchDatabase): Promise<Figure> {
  const create = (prefix: string) => (index: number) =>
    api.call('POST', GHOSTS, sampleGhost(`${prefix}-${index}`));
  await load({ count: 300, concurrency: CONCURRENCY, call: create('warm') });
  const measured = await load({
    count: COUNT,
    concurrency: CONCURRENCY,
    call: create('create'),
    pid: api.pid,
  });
  const body = JSON.stringify(sampleGhost('floor'));
  // What stands behind another server is not ours to write to: the floor is that of SQLite here.
  const bare = await bareInsert({ database, count: COUNT, concurrency: CONCURRENCY, body });
  return {
    name: `create (${CONCURRENCY} at a time)`,
    on: database.name,
    value: `${Math.round(measured.perSecond)}/s`,
    p50Ms: measured.p50Ms,
    p99Ms: measured.p99Ms,
    cpuUs: measured.cpuUs,
    floor: `bare insert ${Math.round(bare.perSecond)}/s`,
    ratio: bare.perSecond / measured.perSecond,
  };
}
