import path from 'node:path';
import { temporaryFolder } from '../../environment/temporary-folder.ts';
import { CLIENTS } from '../load/clients.ts';
import { cpuMicroseconds } from '../load/cpu-time.ts';
import { rate } from '../load/figure.ts';
import type { Figure } from '../load/figure.ts';
import { load } from '../load/load.ts';
import { residentMiB } from '../load/resident-memory.ts';
import { sampleGhost } from '../load/sample-object.ts';
import { apiUnderTest } from '../servers/api-under-test.ts';
import type { ApiUnderTest } from '../servers/api-under-test.ts';
import { emptyDatabase } from './empty-database.ts';
import { fill } from './filled-database.ts';

const COUNTS = [1_000, 10_000, 100_000];
const NAMESPACE = 'bench-many';
const PATH = `/apis/agent.wecode.io/v1/namespaces/${NAMESPACE}/ghosts`;

/**
 * Measures servers with different numbers of objects: the start, memory for each, writes, and a page of 500 right after
 * a write. None but the start may grow with their number.
 */
export async function measureObjectCounts(mysqlUrl: string): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const on of ['sqlite', 'mysql'] as const) {
    let before: { count: number; memory: number } | undefined;
    for (const count of COUNTS) {
      await using folder = await temporaryFolder('many');
      await using database = await emptyDatabase(mysqlUrl);
      const url = on === 'mysql' ? database.url : `sqlite:${path.join(folder.path, 'many.db')}`;
      await fill({ url, dataFolder: folder.path }, { namespace: NAMESPACE, count });
      const started = performance.now();
      await using api = await apiUnderTest({ databaseUrl: url, dataFolder: folder.path });
      const [seconds, cpu] = [(performance.now() - started) / 1000, await cpuMicroseconds(api.pid)];
      const memory = await residentMiB(api.pid);
      const each = before && ((memory - before.memory) * 1024) / (count - before.count);
      before = { count, memory };
      const among = `${count.toLocaleString('en')} objects`;
      figures.push(
        {
          name: `start with ${among}`,
          on,
          value: `${seconds.toFixed(1)} s, ${(cpu / 1e6).toFixed(1)} s of cpu`,
        },
        {
          name: `memory, ${among}`,
          on,
          value: `${memory.toFixed(0)} MiB${each === undefined ? '' : `, ${each.toFixed(1)} KiB for each more`}`,
        },
        ...(await measureVerbs(api, { on, among, count })),
      );
    }
  }
  return figures;
}

async function measureVerbs(
  api: ApiUnderTest,
  { on, among, count }: { on: string; among: string; count: number },
): Promise<Figure[]> {
  const metadata = { name: NAMESPACE };
  await api.call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata });
  const some = (index: number): string => `${PATH}/many-${(index * 7919) % count}`;
  const patch = (index: number): Promise<unknown> =>
    api.patch(some(index), 'application/merge-patch+json', { spec: { systemPrompt: `${index}` } });
  const calls: Record<string, { calls: number; call: (index: number) => Promise<unknown> }> = {
    create: { calls: 2_000, call: (index) => api.call('POST', PATH, sampleGhost(`more-${index}`)) },
    get: { calls: 4_000, call: (index) => api.call('GET', some(index)) },
    patch: { calls: 2_000, call: patch },
    'patch and page of 500': {
      calls: 200,
      call: async (index) => {
        await patch(index);
        await api.call('GET', `${PATH}?limit=500`);
      },
    },
  };
  const figures: Figure[] = [];
  for (const [name, { calls: size, call }] of Object.entries(calls)) {
    await load({ count: size / 10, concurrency: CLIENTS, call: (index) => call(size + index) });
    const { perSecond, ...measured } = await load({ count: size, concurrency: CLIENTS, call, pid: api.pid });
    figures.push({ name: `${name}, ${among}`, on, value: rate(perSecond), ...measured });
  }
  return figures;
}
