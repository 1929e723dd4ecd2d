import type { Hono } from 'hono';
import type { Clock } from '../../../machinery/clock.ts';
import { unavailable } from '../../../machinery/status-error.ts';
import type { RequestContext, ServerTypes } from '../../server-environment.ts';
import { failure, success } from '../envelope.ts';
import { REST_HEALTH } from '../rest-path.ts';
import { healthReport } from './component-health.ts';
import type { HealthReport } from './component-health.ts';
import { KnownHealth } from './known-health.ts';
import type { KnownHealthOptions } from './known-health.ts';

/** `/api/v1/health` and what is below it: 200, or 503 with the same data when what was asked for is unhealthy. */
export function mountRestHealth(
  app: Hono<ServerTypes>,
  options: KnownHealthOptions & { version: string; schema: number },
): void {
  const { clock, version, schema } = options;
  const known = new KnownHealth(options);
  const startedAt = clock.now();
  const serve = (path: string, dataOf: (report: HealthReport) => HealthData): void => {
    app.get(path, async (c) => reply({ c, clock }, dataOf(healthReport(await known.facts()))));
  };
  serve(REST_HEALTH, ({ status }) => ({ status }));
  serve(`${REST_HEALTH}/detailed`, (report) => ({
    ...report,
    version,
    schema,
    uptime_seconds: Math.round((clock.now() - startedAt) / 1000),
  }));
  for (const name of ['database', 'redis', 'executors'] as const) {
    serve(`${REST_HEALTH}/${name}`, ({ components }) => components[name]);
  }
}

type HealthData = Pick<HealthReport, 'status'> & { message?: string };

interface Reply {
  c: RequestContext;
  clock: Clock;
}

function reply({ c, clock }: Reply, data: HealthData): Response {
  const headers = { 'cache-control': 'no-cache, private' };
  if (data.status !== 'unhealthy') return c.json(success({ c, clock }, data), 200, headers);
  const { message = 'the server cannot answer requests' } = data;
  return c.json({ ...failure({ c, clock }, unavailable(message)), data }, 503, headers);
}
