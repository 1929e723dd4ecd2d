import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import type { Clock } from '../machinery/clock.ts';
import type { ServerTypes } from './server-environment.ts';

/** Longer than clients keep a connection for reuse, so that none is closed while a request is on its way. */
const KEEP_ALIVE_MS = 90_000;
/** Requests under way when the server stops get this long. */
const STOP_LIMIT_MS = 5_000;
/** How often connections that got idle are looked for while the server stops. */
const IDLE_SWEEP_MS = 50;

export interface ListenOptions {
  app: Hono<ServerTypes>;
  host: string;
  /** 0 takes a free one. */
  port: number;
  certificate: string;
  key: string;
  clock: Clock;
}

export interface Listening {
  port: number;
  /** Takes no new requests, waits for those under way, then cuts what is left. */
  close(): Promise<void>;
}

/** @throws Error of Node when the address cannot be used */
export async function listen(options: ListenOptions): Promise<Listening> {
  const server = createAdaptorServer({
    fetch: options.app.fetch,
    createServer,
    serverOptions: { cert: options.certificate, key: options.key, minVersion: 'TLSv1.2' },
  }) as Server;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.headersTimeout = KEEP_ALIVE_MS + 1000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () => closeServer(server, options.clock),
  };
}

/**
 * Kept-alive connections would go on bringing requests: a client that watches again on its connection is answered
 * at once, with a stream that ends, and so keeps the connection busy for good.
 */
function closeServer(server: Server, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancelLimit = clock.after(STOP_LIMIT_MS, () => server.closeAllConnections());
    let cancelSweep = (): void => undefined;
    // Answers that were under way when the server stopped leave their connection idle.
    const sweep = (): void => {
      server.closeIdleConnections();
      cancelSweep = clock.after(IDLE_SWEEP_MS, sweep);
    };
    server.prependListener('request', (_request, response) => {
      response.setHeader('connection', 'close');
    });
    server.close(() => {
      cancelLimit();
      cancelSweep();
      resolve();
    });
    sweep();
  });
}
