import type { Hono } from 'hono';
import { describeError, type Logger } from '../machinery/logger.ts';
import { replyJson } from './reply.ts';
import type { RequestContext, ServerTypes } from './server-environment.ts';

export interface HealthOptions {
  /** Rejects when the store does not work. */
  checkStore(): Promise<void>;
  closing: AbortSignal;
  /** Version of this program, such as 0.1.0. */
  version: string;
  logger: Logger;
}

interface Check {
  name: string;
  run(): Promise<void>;
}

/** `/livez`, `/readyz`, `/healthz` with `?verbose` and `/version`; open to everybody. */
export function mountHealth(app: Hono<ServerTypes>, options: HealthOptions): void {
  const ping: Check = { name: 'ping', run: () => Promise.resolve() };
  const storage: Check = { name: 'storage', run: () => options.checkStore() };
  const shutdown: Check = {
    name: 'shutdown',
    async run() {
      if (options.closing.aborted) throw new Error('the server is stopping');
    },
  };
  mountChecks(app, { path: '/livez', checks: [ping], logger: options.logger });
  // A server whose database is away lives, but is of no use: restarting it would not help.
  mountChecks(app, { path: '/readyz', checks: [ping, storage, shutdown], logger: options.logger });
  mountChecks(app, { path: '/healthz', checks: [ping, storage], logger: options.logger });
  const version = versionDocument(options.version);
  for (const path of ['/version', '/version/']) app.get(path, () => replyJson(version));
}

interface Endpoint {
  path: string;
  checks: readonly Check[];
  logger: Logger;
}

function mountChecks(app: Hono<ServerTypes>, { path, checks, logger }: Endpoint): void {
  app.get(path, (c) => answer(c, path, runAll(notExcluded(c, checks), logger)));
  for (const check of checks) {
    app.get(`${path}/${check.name}`, (c) => answer(c, path, runAll([check], logger)));
  }
}

/** `?exclude=NAME`, any number of times (apiserver server/healthz). */
function notExcluded(c: RequestContext, checks: readonly Check[]): readonly Check[] {
  const excluded = c.req.queries('exclude') ?? [];
  return excluded.length === 0 ? checks : checks.filter(({ name }) => !excluded.includes(name));
}

interface Outcome {
  ok: boolean;
  lines: string[];
}

async function runAll(checks: readonly Check[], logger: Logger): Promise<Outcome> {
  let ok = true;
  const lines: string[] = [];
  for (const { name, run } of checks) {
    try {
      await run();
      lines.push(`[+]${name} ok`);
    } catch (error) {
      // The reason is for operators: it may name hosts and files.
      logger.warn('health check failed', { check: name, error: describeError(error) });
      ok = false;
      lines.push(`[-]${name} failed: reason withheld`);
    }
  }
  return { ok, lines };
}

async function answer(c: RequestContext, path: string, outcome: Promise<Outcome>): Promise<Response> {
  const { ok, lines } = await outcome;
  const verbose = !ok || c.req.query('verbose') !== undefined;
  const verdict = `${path.slice(1)} check ${ok ? 'passed' : 'failed'}`;
  return new Response(verbose ? `${[...lines, verdict].join('\n')}\n` : 'ok', {
    status: ok ? 200 : 500,
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
