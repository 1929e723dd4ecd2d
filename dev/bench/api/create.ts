import { CLIENTS } from '../load/clients.ts';
import { rate } from '../load/figure.ts';
import type { Figure } from '../load/figure.ts';
import { load } from '../load/load.ts';
import { GHOSTS, sampleGhost } from '../load/sample-object.ts';
import type { ApiUnderTest } from '../servers/api-under-test.ts';
import { measureBareInserts } from '../storage/bare-insert.ts';
import type { BenchDatabase } from '../storage/database.ts';

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
  // The database behind another server is not ours to write to.
  return database.name === 'other' ? [figure] : [figure, ...(await measureBareInserts(database))];
}
