import type { ApiUnderTest } from './api-under-test.ts';
import { measureBareInserts } from './bare-insert.ts';
import { CLIENTS } from './clients.ts';
import type { BenchDatabase } from './database.ts';
import { rate } from './figure.ts';
import type { Figure } from './figure.ts';
import { load } from './load.ts';
import { GHOSTS, sampleGhost } from './sample-object.ts';

const COUNT = 3_000;

/** Creates objects; the floor is bare inserts of the same bytes into the same database, and they are figures, too. */
export async function measureCreate(api: ApiUnderTest, database: BenchDatabase): Promise<Figure[]> {
  const create = (prefix: string) => (index: number) =>
    api.call('POST', GHOSTS, sampleGhost(`${prefix}-${index}`));
  await load({ count: 300, concurrency: CLIENTS, call: create('warm') });
  const { perSecond, ...measured } = await load({
    count: COUNT,
    concurrency: CLIENTS,
    call: create('create'),
    pid: api.pid,
  });
  const figure = { name: 'create', on: database.name, value: rate(perSecond), ...measured };
  // What stands behind another server is not ours to write to.
  return database.name === 'other' ? [figure] : [figure, ...(await measureBareInserts(database))];
}
