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

function closeServer(server: Server, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(STOP_LIMIT_MS, () => server.closeAllConnections());
    server.close(() => {
      cancel();
      resolve();
    });
    server.closeIdleConnections();
  });
}
