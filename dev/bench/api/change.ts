import { CLIENTS } from '../load/clients.ts';
import { rate } from '../load/figure.ts';
import type { Figure } from '../load/figure.ts';
import { load } from '../load/load.ts';
import type { LoadOptions } from '../load/load.ts';
import { GHOSTS, sampleGhost } from '../load/sample-object.ts';
import type { ApiUnderTest } from '../servers/api-under-test.ts';
import type { BenchDatabase } from '../storage/database.ts';

const COUNT = 2_000;
const OBJECTS = 200;

type Change = (api: ApiUnderTest, index: number) => Promise<unknown>;

const object = (index: number): string => `changed-${index % OBJECTS}`;
const prompt = (index: number): string => `You are number ${index}. `.repeat(60);

const CHANGES: Readonly<Record<string, Change>> = {
  patch: (api, index) =>
    api.patch(`${GHOSTS}/${object(index)}`, 'application/merge-patch+json', {
      spec: { systemPrompt: prompt(index) },
    }),
  'server-side apply': (api, index) =>
    api.patch(`${GHOSTS}/${object(index)}?fieldManager=bench&force=true`, 'application/apply-patch+yaml', {
      ...sampleGhost(object(index)),
      spec: { systemPrompt: prompt(index) },
    }),
};

/** Merge patches and server-side applies, each of which changes its object; then the deletion of as many. */
export async function measureChanges(api: ApiUnderTest, database: BenchDatabase): Promise<Figure[]> {
  const make = (prefix: string, count: number): Promise<unknown> =>
    load({
      count,
      concurrency: CLIENTS,
      call: (index) => api.call('POST', GHOSTS, sampleGhost(`${prefix}-${index}`)),
    });
  await make('changed', OBJECTS);
  const figures: Figure[] = [];
  for (const [name, change] of Object.entries(CHANGES)) {
    figures.push(
      await figure(name, database, { count: COUNT, pid: api.pid, call: (index) => change(api, index) }),
    );
  }
  await make('deleted', COUNT);
  const remove = (index: number): Promise<unknown> => api.call('DELETE', `${GHOSTS}/deleted-${index}`);
  figures.push(await figure('delete', database, { count: COUNT, pid: api.pid, call: remove }));
  return figures;
}

async function figure(
  name: string,
  database: BenchDatabase,
  options: Pick<LoadOptions, 'call' | 'count' | 'pid'>,
): Promise<Figure> {
  const { perSecond, ...measured } = await load({ ...options, concurrency: CLIENTS });
  return {
    name,
    on: database.name,
    value: rate(perSecond),
    ...measured,
  };
}
