import type { IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { TUNNEL_PATH, TUNNEL_PROTOCOL } from '#executor-manager/protocol/tunnel';
import { isAuthorized } from './token.ts';
import { acceptUpgrade } from './upgrade.ts';

export interface TunnelRoute {
  tokenHash: string;
  onTunnel: (socket: Duplex) => void;
}

/** Answers a request to upgrade its connection. */
export function acceptTunnel(
  { tokenHash, onTunnel }: TunnelRoute,
  request: IncomingMessage,
  { socket, head }: { socket: Duplex; head: Buffer },
): void {
  // One that breaks closes, and there is nobody to tell.
  socket.on('error', () => socket.destroy());
  const status = statusOf(request, tokenHash);
  if (status !== 101) {
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    );
    return;
  }
  acceptUpgrade(socket, TUNNEL_PROTOCOL);
  if (head.length > 0) socket.unshift(head);
  onTunnel(socket);
}

function statusOf({ headers, method, url }: IncomingMessage, tokenHash: string): number {
  if (!isAuthorized(headers.authorization, tokenHash)) return 401;
  if (method !== 'GET' || url !== TUNNEL_PATH) return 404;
  return headers.upgrade?.toLowerCase() === TUNNEL_PROTOCOL ? 101 : 426;
}
