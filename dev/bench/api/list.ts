import { CLIENTS } from '../load/clients.ts';
import type { Figure } from '../load/figure.ts';
import { load } from '../load/load.ts';
import { sampleGhost } from '../load/sample-object.ts';
import type { ApiUnderTest } from '../servers/api-under-test.ts';
import type { BenchDatabase } from '../storage/database.ts';
import { measureRead } from './read.ts';

const OBJECTS = 500;
const NAMESPACE = 'bench-list';
const PATH = `/apis/agent.wecode.io/v1/namespaces/${NAMESPACE}/ghosts`;

/** Lists 500 objects. */
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
  const body = await api.call('GET', PATH);
  const { items } = JSON.parse(body) as { items: unknown[] };
  if (items.length !== OBJECTS) throw new Error(`the list has ${items.length} of ${OBJECTS} objects`);
  return await measureRead(api, {
    ...{ name: `list of ${OBJECTS}`, on: database.name, path: PATH, body },
    ...{ warmUp: 20, count: 200 },
  });
}
