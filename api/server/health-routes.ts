import type { Hono } from 'hono';
import { sleep } from '../machinery/clock.ts';
import type { Clock } from '../machinery/clock.ts';
import { healthText, HealthOutages, runHealthChecks } from '../machinery/health-check.ts';
import type { HealthCheck, HealthOutcome } from '../machinery/health-check.ts';
import type { Logger } from '../machinery/logger.ts';
import { replyJson } from './answer/reply.ts';
import type { RequestContext, ServerTypes } from './server-environment.ts';

export interface HealthOptions {
  /** Rejects when the store does not work. */
  checkStore(): Promise<void>;
  /** What is known about the store without asking. */
  storeHealth(): { database: Error | undefined; hints: 'away' | 'ok' | 'unused' };
  clock: Clock;
  closing: AbortSignal;
  /** Version of this program, such as 0.1.0. */
  version: string;
  logger: Logger;
}

/** Who asks for readiness waits a second, as a rule. */
const STORE_CHECK_MS = 1_000;

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

async function assertDatabase({ storeHealth }: HealthOptions): Promise<void> {
  const { database } = storeHealth();
  if (database !== undefined) throw database;
}

/** Writes and reads, unless it is known that this cannot work; it would wait for the database as any request does. */
async function checkStore(options: HealthOptions): Promise<void> {
  await assertDatabase(options);
  const late = sleep(options.clock, STORE_CHECK_MS).then(() => {
    throw new Error('the database does not answer');
  });
  const checking = options.checkStore();
  // Nobody may wait for either of them any more when it comes.
  for (const promise of [late, checking]) promise.catch(() => undefined);
  await Promise.race([checking, late]);
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
