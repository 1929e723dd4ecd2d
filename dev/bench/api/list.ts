import type { ApiUnderTest } from '../servers/api-under-test.ts';
import { CLIENTS } from '../load/clients.ts';
import type { BenchDatabase } from '../storage/database.ts';
import { rate } from '../load/figure.ts';
import type { Figure } from '../load/figure.ts';
import { bareNode, floor } from '../servers/floor.ts';
import { load } from '../load/load.ts';
import { sampleGhost } from '../load/sample-object.ts';

const OBJECTS = 500;
const COUNT = 200;
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
    concurrency: CLIENTS,
    call: (index) => api.call('POST', PATH, sampleGhost(`list-${index}`)),
  });
  const list = (): Promise<string> => api.call('GET', PATH);
  const body = await list();
  const { items } = JSON.parse(body) as { items: unknown[] };
  if (items.length !== OBJECTS) throw new Error(`the list has ${items.length} of ${OBJECTS} objects`);
  await using bare = await floor(body);
  await load({ count: 20, concurrency: CLIENTS, call: list });
  await load({ count: 20, concurrency: CLIENTS, call: bare.get });
  const measured = await load({ count: COUNT, concurrency: CLIENTS, call: list, pid: api.pid });
  const least = await load({ count: COUNT, concurrency: CLIENTS, call: bare.get, pid: bare.pid });
  return {
    name: `list of ${OBJECTS}`,
    on: database.name,
    value: rate(measured.perSecond),
    p50Ms: measured.p50Ms,
    p99Ms: measured.p99Ms,
    cpuUs: measured.cpuUs,
    floor: bareNode(least),
    ratio: least.perSecond / measured.perSecond,
  };
}
