import type { ApiUnderTest } from './api-under-test.ts';
import type { BenchDatabase } from './database.ts';
import type { Figure } from './figure.ts';
import { floor } from './floor.ts';
import { load } from './load.ts';
import { GHOSTS, sampleGhost } from './sample-object.ts';

const COUNT = 8_000;
const CONCURRENCY = 32;

/** Gets one object; the floor is a bare Node HTTPS server that answers the same bytes. */
export async function measureGet(api: ApiUnderTest, database: BenchDatabase): Promise<Figure> {
  const body = await api.call('POST', GHOSTS, sampleGhost('get'));
  await using bare = await floor(body);
  const get = (): Promise<string> => api.call('GET', `${GHOSTS}/get`);
  await load({ count: 500, concurrency: CONCURRENCY, call: get });
  await load({ count: 500, concurrency: CONCURRENCY, call: bare.get });
  const measured = await load({ count: COUNT, concurrency: CONCURRENCY, call: get, pid: api.pid });
  const least = await load({ count: COUNT, concurrency: CONCURRENCY, call: bare.get });
  return {
    name: `get (${CONCURRENCY} at a time)`,
    on: database.name,
    value: `${Math.round(measured.perSecond)}/s`,
    p50Ms: measured.p50Ms,
    p99Ms: measured.p99Ms,
    cpuUs: measured.cpuUs,
    floor: `bare Node server ${Math.round(least.perSecond)}/s`,
    ratio: least.perSecond / measured.perSecond,
  };
}
