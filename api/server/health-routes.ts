import type { Hono } from 'hono';
import { healthText, HealthOutages, runHealthChecks } from '../machinery/health-check.ts';
import type { HealthCheck, HealthOutcome } from '../machinery/health-check.ts';
import type { Logger } from '../machinery/logger.ts';
import { replyJson } from './answer/reply.ts';
import type { RequestContext, ServerTypes } from './server-environment.ts';
import { assertDatabase, checkStore } from './store-check.ts';
import type { CheckedStore } from './store-check.ts';

export interface HealthOptions extends CheckedStore {
  closing: AbortSignal;
  /** Version of this program, such as 0.1.0. */
  version: string;
  logger: Logger;
}

/** `/livez`, `/readyz`, `/healthz` with `?verbose` and `/version`; open to everybody. */
export function mountHealth(app: Hono<ServerTypes>, options: HealthOptions): void {
  const outages = new HealthOutages(options.logger);
  const ping: HealthCheck = { name: 'ping', run: () => Promise.resolve() };
  const database: HealthCheck = { name: 'database', run: () => assertDatabase(options) };
  const storage: HealthCheck = { name: 'storage', run: () => checkStore(options) };
  const redis: HealthCheck = {
    name: 'redis',
    isOptional: true,
    async run() {
      if (options.storeHealth().hints === 'away') throw new Error('Redis is away; replicas poll');
    },
  };
  const shutdown: HealthCheck = {
    name: 'shutdown',
    async run() {
      if (options.closing.aborted) throw new Error('the server is stopping');
    },
  };
  mountChecks(app, { path: '/livez', checks: [ping], outages });
  // A server whose database is away lives, but is of no use: restarting it would not help.
  mountChecks(app, {
    path: '/readyz',
    checks: [ping, storage, database, redis, shutdown],
    outages,
  });
  mountChecks(app, { path: '/healthz', checks: [ping, storage, database, redis], outages });
  const version = versionDocument(options.version);
  for (const path of ['/version', '/version/']) app.get(path, () => replyJson(version));
}

interface Endpoint {
  path: string;
  checks: readonly HealthCheck[];
  outages: HealthOutages;
}

function mountChecks(app: Hono<ServerTypes>, { path, checks, outages }: Endpoint): void {
  app.get(path, (c) => answer(c, path, runHealthChecks(notExcluded(c, checks), outages)));
  for (const check of checks) {
    app.get(`${path}/${check.name}`, (c) => answer(c, path, runHealthChecks([check], outages)));
  }
}

/** `?exclude=NAME`, any number of times (apiserver server/healthz). */
function notExcluded(c: RequestContext, checks: readonly HealthCheck[]): readonly HealthCheck[] {
  const excluded = c.req.queries('exclude') ?? [];
  return excluded.length === 0 ? checks : checks.filter(({ name }) => !excluded.includes(name));
}

async function answer(c: RequestContext, path: string, outcome: Promise<HealthOutcome>): Promise<Response> {
  const found = await outcome;
  return new Response(healthText(found, path.slice(1), c.req.query('verbose') !== undefined), {
    status: found.ok ? 200 : 500,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache, private' },
  });
}

/** The Kubernetes version whose behaviour this is: clients decide by it what they may ask for. */
function versionDocument(version: string): object {
  return {
    major: '1',
    minor: '36',
    gitVersion: `v1.36.2+troupe.${version}`,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: 'node',
    platform: `${process.platform}/${process.arch}`,
  };
}
