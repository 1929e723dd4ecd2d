import type { ApiUnderTest } from '../servers/api-under-test.ts';
import { CLIENTS } from '../load/clients.ts';
import type { BenchDatabase } from '../storage/database.ts';
import { rate } from '../load/figure.ts';
import type { Figure } from '../load/figure.ts';
import { bareNode, floor } from '../servers/floor.ts';
import { load } from '../load/load.ts';
import { GHOSTS, sampleGhost } from '../load/sample-object.ts';

const COUNT = 8_000;

/** Gets one object; the floor is a bare Node HTTPS server that answers the same bytes. */
export async function measureGet(api: ApiUnderTest, database: BenchDatabase): Promise<Figure> {
  const body = await api.call('POST', GHOSTS, sampleGhost('get'));
  await using bare = await floor(body);
  const get = (): Promise<string> => api.call('GET', `${GHOSTS}/get`);
  await load({ count: 500, concurrency: CLIENTS, call: get });
  await load({ count: 500, concurrency: CLIENTS, call: bare.get });
  const measured = await load({ count: COUNT, concurrency: CLIENTS, call: get, pid: api.pid });
  const least = await load({ count: COUNT, concurrency: CLIENTS, call: bare.get, pid: bare.pid });
  return {
    name: 'get',
    on: database.name,
    value: rate(measured.perSecond),
    p50Ms: measured.p50Ms,
    p99Ms: measured.p99Ms,
    cpuUs: measured.cpuUs,
    floor: bareNode(least),
    ratio: least.perSecond / measured.perSecond,
  };
}
