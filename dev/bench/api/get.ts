import type { Figure } from '../load/figure.ts';
import { GHOSTS, sampleGhost } from '../load/sample-object.ts';
import type { ApiUnderTest } from '../servers/api-under-test.ts';
import type { BenchDatabase } from '../storage/database.ts';
import { measureRead } from './read.ts';

/** Gets one object. */
export async function measureGet(api: ApiUnderTest, database: BenchDatabase): Promise<Figure> {
  const body = await api.call('POST', GHOSTS, sampleGhost('get'));
  const path = `${GHOSTS}/get`;
  return await measureRead(api, { name: 'get', on: database.name, path, body, warmUp: 500, count: 8_000 });
}
