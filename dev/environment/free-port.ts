import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

export interface FreePortOptions {
  /** Default 127.0.0.1. */
  host?: string;
  /** Taken when it is free. */
  preferred?: number;
}

/** A TCP port that was free a moment ago. */
export async function freePort(options: FreePortOptions = {}): Promise<number> {
  const server = createServer().listen(options.preferred ?? 0, options.host ?? '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if (options.preferred === undefined || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE')
      throw error;
    return freePort({ ...options, preferred: 0 });
  }
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Whether the address is one of this machine's. */
export async function canListenOn(host: string): Promise<boolean> {
  const server = createServer().listen(0, host);
  try {
    await once(server, 'listening');
  } catch {
    return false; // not ours, or not an address
  }
  server.close();
  await once(server, 'close');
  return true;
}
