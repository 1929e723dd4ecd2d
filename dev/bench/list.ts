import type { ApiUnderTest } from './api-under-test.ts';
import type { BenchDatabase } from './database.ts';
import type { Figure } from './figure.ts';
import { floor } from './floor.ts';
import { load } from './load.ts';
import { sampleGhost } from './sample-object.ts';

const OBJECTS = 500;
const COUNT = 200;
const CONCURRENCY = 8;
const NAMESPACE = 'bench-list';
const PATH = `/apis/agent.wecode.io/v1/namespaces/${NAMESPACE}/ghosts`;

/** Lists 500 objects; the floor is a bare Node HTTPS server that answers the same bytes. */
export async function measureList(api: ApiUnderTest, database: BenchDatabase): Promise<Figure> {
  await api.call('POST', '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAMESPACE },
  });
  await load({
    count: OBJECTS,
    concurrency: 16,
    call: (index) => api.call('POST', PATH, sampleGhost(`list-${index}`)),
  });
  const list = (): Promise<string> => api.call('GET', PATH);
  const body = await list();
  const { items } = JSON.parse(body) as { items: unknown[] };
  if (items.length !== OBJECTS) throw new Error(`the list has ${items.length} of ${OBJECTS} objects`);
  await using bare = await floor(body);
  await load({ count: 20, concurrency: CONCURRENCY, call: list });
  await load({ count: 20, concurrency: CONCURRENCY, call: bare.get });
  const measured = await load({ count: COUNT, concurrency: CONCURRENCY, call: list, pid: api.pid });
  const least = await load({ count: COUNT, concurrency: CONCURRENCY, call: bare.get });
  return {
    name: `list of ${OBJECTS} (${CONCURRENCY} at a time)`,
    on: database.name,
    value: `${measured.perSecond.toFixed(1)}/s`,
    p50Ms: measured.p50Ms,
    p99Ms: measured.p99Ms,
    cpuUs: measured.cpuUs,
    floor: `bare Node server ${least.perSecond.toFixed(1)}/s`,
    ratio: least.perSecond / measured.perSecond,
  };
}
