import { CLIENTS } from '../load/clients.ts';
import { rate } from '../load/figure.ts';
import type { Figure } from '../load/figure.ts';
import { load } from '../load/load.ts';
import { residentMiB } from '../load/resident-memory.ts';
import { sampleGhost } from '../load/sample-object.ts';
import type { ApiUnderTest } from '../servers/api-under-test.ts';
import type { BenchDatabase } from '../storage/database.ts';

const OBJECTS = 10_000;
const NAMESPACE = 'bench-many';
const PATH = `/apis/agent.wecode.io/v1/namespaces/${NAMESPACE}/ghosts`;

/** The same verbs among 10,000 objects, and lists of all of them: whole, in pages, by label and as a Table. */
export async function measureManyObjects(api: ApiUnderTest, database: BenchDatabase): Promise<Figure[]> {
  await api.call('POST', '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAMESPACE },
  });
  const before = await residentMiB(api.pid);
  const figures: Figure[] = [];
  const measure = async (
    name: string,
    options: { count: number; concurrency?: number; call: (index: number) => Promise<unknown> },
  ): Promise<void> => {
    const { perSecond, ...measured } = await load({ concurrency: CLIENTS, pid: api.pid, ...options });
    figures.push({ name, on: database.name, value: rate(perSecond), ...measured });
  };
  const create = (index: number): Promise<unknown> => api.call('POST', PATH, sampleGhost(`many-${index}`));
  await measure('create up to 10,000', { count: OBJECTS, call: create });
  const kilobytes = (((await residentMiB(api.pid)) - before) * 1024) / OBJECTS;
  figures.push({ name: 'memory per object', on: database.name, value: `${kilobytes.toFixed(1)} KiB` });
  await measure('get among 10,000', {
    count: 4_000,
    call: (index) => api.call('GET', `${PATH}/many-${(index * 7) % OBJECTS}`),
  });
  const change = (index: number): Promise<unknown> =>
    api.patch(`${PATH}/many-${(index * 7) % OBJECTS}`, 'application/merge-patch+json', {
      spec: { systemPrompt: `${index}` },
    });
  await measure('patch among 10,000', { count: 2_000, call: change });
  await measure('page of 500 of 10,000', {
    count: 200,
    concurrency: 4,
    call: () => api.call('GET', `${PATH}?limit=500`),
  });
  await measure('all pages of 10,000', { count: 4, concurrency: 1, call: () => walkPages(api) });
  await measure('list of 10,000', { count: 8, concurrency: 2, call: () => api.call('GET', PATH) });
  await measure('one by label of 10,000', {
    count: 200,
    concurrency: 4,
    call: () => api.call('GET', `${PATH}?labelSelector=app%3Dnone`),
  });
  return figures;
}

async function walkPages(api: ApiUnderTest): Promise<void> {
  let token: string | undefined;
  let seen = 0;
  do {
    const text = await api.call(
      'GET',
      `${PATH}?limit=500${token === undefined ? '' : `&continue=${encodeURIComponent(token)}`}`,
    );
    const page = JSON.parse(text) as { metadata: { continue?: string }; items: unknown[] };
    seen += page.items.length;
    token = page.metadata.continue;
  } while (token !== undefined && token !== '');
  if (seen !== OBJECTS) throw new Error(`the pages have ${seen} of ${OBJECTS} objects`);
}
