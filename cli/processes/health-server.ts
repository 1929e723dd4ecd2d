import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostAndPort } from '#api/machinery/host-port';
import type { Exposition } from '#api/metrics/prometheus-meter';
import { healthText, HealthOutages, runHealthChecks } from '#api/machinery/health-check';
import type { HealthCheck, ProcessHealth } from '#api/machinery/health-check';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import type { HealthAddress } from './flags/health-flags.ts';

export interface HealthServerOptions {
  address: HealthAddress;
  /** Asked with each request. */
  health(): ProcessHealth;
  exposition: Exposition;
  logger: Logger;
}

export interface HealthServer {
  url: string;
  close(): Promise<void>;
}

/** `/livez`, `/readyz`, `/healthz` (each with `/CHECK`, `?verbose` and `?exclude=CHECK`) and `/metrics`, without TLS. */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const { address, logger } = options;
  const outages = new HealthOutages(logger);
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    answer(request, { ...options, outages }).then(
      (found) => reply(response, found),
      (error: unknown) => {
        logger.error('a health request failed', { cause: describeError(error) });
        reply(response, { status: 500, text: 'internal error\n' });
      },
    );
  });
  // Probes come one at a time; nobody may hold sockets for long.
  server.maxConnections = 100;
  const { address: host, port } = await listen(server, address);
  return {
    url: `http://${hostAndPort(host, port)}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** The default port may be another process's, of the same kind, on the same machine: then a free one is taken. */
async function listen(server: Server, { host, port, mayMove }: HealthAddress): Promise<AddressInfo> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    if (!mayMove || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    server.listen(0, host);
    await once(server, 'listening');
  }
  return server.address() as AddressInfo;
}

interface Answer {
  status: number;
  text: string;
  contentType?: string;
}

function reply(response: ServerResponse, { status, text, contentType }: Answer): void {
  response.writeHead(status, {
    'content-type': contentType ?? 'text/plain; charset=utf-8',
    'cache-control': 'no-cache, private',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}

type Context = HealthServerOptions & { outages: HealthOutages };

async function answer(request: IncomingMessage, context: Context): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, text: 'only GET\n' };
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname === '/metrics') {
    const { exposition } = context;
    return { status: 200, text: await exposition.text(), contentType: exposition.contentType };
  }
  const [, endpoint = '', check, ...rest] = url.pathname.split('/');
  const all = checksOf(context.health(), endpoint);
  const asked = check === undefined ? notExcluded(all, url) : all?.filter(({ name }) => name === check);
  if (asked === undefined || rest.length > 0 || (check !== undefined && asked.length === 0)) {
    return { status: 404, text: 'not found\n' };
  }
  const outcome = await runHealthChecks(asked, context.outages);
  const text = healthText(outcome, endpoint, url.searchParams.has('verbose'));
  return { status: outcome.ok ? 200 : 500, text };
}

function checksOf(health: ProcessHealth, endpoint: string): readonly HealthCheck[] | undefined {
  if (endpoint === 'livez') return health.live;
  if (endpoint === 'readyz') return health.ready;
  return endpoint === 'healthz' ? [...health.live, ...health.ready] : undefined;
}

function notExcluded(
  checks: readonly HealthCheck[] | undefined,
  url: URL,
): readonly HealthCheck[] | undefined {
  const excluded = url.searchParams.getAll('exclude');
  return checks?.filter(({ name }) => !excluded.includes(name));
}
