import { CLIENTS } from '../load/clients.ts';
import { rate } from '../load/figure.ts';
import type { Figure } from '../load/figure.ts';
import { load } from '../load/load.ts';
import type { ApiUnderTest } from '../servers/api-under-test.ts';
import { bareNode, floor } from '../servers/floor.ts';

export interface Read extends Pick<Figure, 'name' | 'on'> {
  path: string;
  /** The answer, which the floor gives too. */
  body: string;
  /** Reads before those that count. */
  warmUp: number;
  count: number;
}

/** Reads one path again and again; the floor is a bare Node HTTPS server that answers the same bytes. */
export async function measureRead(api: ApiUnderTest, read: Read): Promise<Figure> {
  const { path, body, warmUp, count, ...figure } = read;
  await using bare = await floor(body);
  const call = (): Promise<string> => api.call('GET', path);
  await load({ count: warmUp, concurrency: CLIENTS, call });
  await load({ count: warmUp, concurrency: CLIENTS, call: bare.get });
  const measured = await load({ count, concurrency: CLIENTS, call, pid: api.pid });
  const least = await load({ count, concurrency: CLIENTS, call: bare.get, pid: bare.pid });
  return {
    ...figure,
    value: rate(measured.perSecond),
    p50Ms: measured.p50Ms,
    p99Ms: measured.p99Ms,
    cpuUs: measured.cpuUs,
    floor: bareNode(least),
    ratio: least.perSecond / measured.perSecond,
  };
}
