import type { ApiUnderTest } from './api-under-test.ts';
import type { BenchDatabase } from './database.ts';
import type { Figure } from './figure.ts';
import { floor } from './floor.ts';
import { percentiles } from './load.ts';
import { sampleGhost } from './sample-object.ts';

const CLIENTS = 50;
const EVENTS = 200;
const NAMESPACE = 'bench-watch';
const PATH = `/apis/agent.wecode.io/v1/namespaces/${NAMESPACE}/ghosts`;

interface Stream {
  open: (signal: AbortSignal) => Promise<AsyncIterable<Buffer>>;
  /** Causes one event, whose line holds the name. */
  cause: (name: string) => Promise<unknown>;
}

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
  const measured = await fanOut({
    open: (signal) => api.open(`${PATH}?watch=true`, signal),
    cause: (name) => api.call('POST', PATH, sampleGhost(name)),
  });
  await using bare = await floor('');
  const least = await fanOut({
    open: bare.watch,
    cause: (name) => bare.post(JSON.stringify(sampleGhost(name))),
  });
  return {
    name: `watch fan-out to ${CLIENTS}`,
    on: database.name,
    value: `${EVENTS * CLIENTS} events`,
    ...measured,
    floor: `bare Node server p99 ${least.p99Ms.toFixed(2)} ms`,
    ratio: measured.p99Ms / least.p99Ms,
  };
}

/** One event at a time: the next one is caused when every client has the last. */
async function fanOut({ open, cause }: Stream): Promise<{ p50Ms: number; p99Ms: number }> {
  const ending = new AbortController();
  const latencies: number[] = [];
  const current = { name: '', start: 0, missing: 0, all: (): void => {} };
  const onLine = (line: string): void => {
    if (!line.includes(`"${current.name}"`)) return;
    latencies.push(performance.now() - current.start);
    current.missing -= 1;
    if (current.missing === 0) current.all();
  };
  const streams = await Promise.all(Array.from({ length: CLIENTS }, () => open(ending.signal)));
  const readers = streams.map((stream) => readLines(stream, onLine));
  for (let index = 0; index < EVENTS; index += 1) {
    const everybody = Promise.withResolvers<void>();
    Object.assign(current, { name: `event-${index}`, missing: CLIENTS, all: everybody.resolve });
    current.start = performance.now();
    await Promise.all([cause(current.name), everybody.promise]);
  }
  ending.abort();
  await Promise.all(readers);
  return percentiles(latencies);
}

async function readLines(stream: AsyncIterable<Buffer>, onLine: (line: string) => void): Promise<void> {
  let rest = '';
  try {
    for await (const piece of stream) {
      const lines = (rest + piece.toString()).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(onLine);
    }
  } catch (error) {
    // We end every stream ourselves, by aborting its request.
    if ((error as Error).name !== 'AbortError') throw error;
  }
}
