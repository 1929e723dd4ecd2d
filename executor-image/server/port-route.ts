import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { PORT_PROTOCOL, readPortPath } from '#executor-manager/protocol/port';
import { acceptUpgrade, refuseUpgrade, upgradeTarget } from './upgrade.ts';

/** The addresses by which programs of the runtime reach one another. */
const LOOPBACK = ['127.0.0.1', '::1'];

/** Whether a request to upgrade its connection is for a port. */
export const isPortRequest = ({ url = '' }: IncomingMessage): boolean => readPortPath(url) !== undefined;

/** Connects a request to the port of the runtime that its path names. */
export async function acceptPort(
  tokenHash: string,
  request: IncomingMessage,
  { socket, head }: { socket: Duplex; head: Buffer },
): Promise<void> {
  // One that breaks closes, and there is nobody to tell.
  socket.on('error', () => socket.destroy());
  const target = readPortPath(request.url ?? '');
  const port = upgradeTarget(request, socket, { tokenHash, protocol: PORT_PROTOCOL, target });
  if (port === undefined) return;
  let service: Socket;
  try {
    service = await connectTo(port);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return refuseUpgrade(socket, 502, code === 'ECONNREFUSED' ? `nothing listens on port ${port}` : message);
  }
  acceptUpgrade(socket, PORT_PROTOCOL);
  if (head.length > 0) socket.unshift(head);
  service.on('error', () => socket.destroy());
  service.once('close', () => socket.end());
  socket.once('close', () => service.destroy());
  service.pipe(socket);
  socket.pipe(service);
}

async function connectTo(port: number): Promise<Socket> {
  let failure: unknown;
  for (const host of LOOPBACK) {
    try {
      return await connected(connect({ host, port, allowHalfOpen: true }));
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

function connected(socket: Socket): Promise<Socket> {
  return new Promise((resolve, reject) => {
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}
