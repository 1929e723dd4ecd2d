import { fanOut, openLines } from '../load/fan-out.ts';
import type { Figure } from '../load/figure.ts';
import { sampleGhost } from '../load/sample-object.ts';
import type { ApiUnderTest } from '../servers/api-under-test.ts';
import { floor } from '../servers/floor.ts';
import type { BenchDatabase } from '../storage/database.ts';

const SIZE = { watches: 50, events: 200 };
const NAMESPACE = 'bench-watch';
const PATH = `/apis/agent.wecode.io/v1/namespaces/${NAMESPACE}/ghosts`;

/**
 * From sending a create to each of 50 watches having its event. The floor is a bare Node HTTPS server that
 * writes the same number of bytes to as many open responses, without storing anything.
 */
export async function measureWatch(api: ApiUnderTest, database: BenchDatabase): Promise<Figure> {
  await api.call('POST', '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAMESPACE },
  });
  const measured = await fanOut(
    {
      open: (seen, signal) => openLines((ending) => api.open(`${PATH}?watch=true`, ending), seen, signal),
      cause: (name) => api.call('POST', PATH, sampleGhost(name)),
    },
    SIZE,
  );
  await using bare = await floor('');
  const least = await fanOut(
    {
      open: (seen, signal) => openLines(bare.watch, seen, signal),
      cause: (name) => bare.post(JSON.stringify(sampleGhost(name))),
    },
    SIZE,
  );
  return {
    name: `event to ${SIZE.watches} watches`,
    on: database.name,
    value: `${SIZE.watches * SIZE.events} events`,
    ...measured,
    floor: `bare Node server p99 ${least.p99Ms.toFixed(2)} ms`,
    ratio: measured.p99Ms / least.p99Ms,
  };
}
