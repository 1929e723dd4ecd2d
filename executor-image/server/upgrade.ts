import { STATUS_CODES } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { isAuthorized } from './token.ts';

export interface AskedUpgrade<T> {
  tokenHash: string;
  /** The only one that is taken. */
  protocol: string;
  /** Read from the path; undefined where the path names nothing. */
  target: T | undefined;
}

/** The target of a request to upgrade its connection; a request that may not is refused, and has none. */
export function upgradeTarget<T>(
  { headers, method }: IncomingMessage,
  socket: Duplex,
  { tokenHash, protocol, target }: AskedUpgrade<T>,
): T | undefined {
  if (!isAuthorized(headers.authorization, tokenHash)) refuseUpgrade(socket, 401, 'a token is needed');
  else if (method !== 'GET' || target === undefined) refuseUpgrade(socket, 404, 'not found');
  else if (headers.upgrade?.toLowerCase() !== protocol) refuseUpgrade(socket, 426, `upgrade to ${protocol}`);
  else return target;
  return undefined;
}

/** Tells the other side that the connection speaks the protocol from here on. */
export function acceptUpgrade(socket: Duplex, protocol: string): void {
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`);
}

/** Answers a request to upgrade its connection with a text for people, and ends the connection. */
export function refuseUpgrade(socket: Duplex, status: number, text: string): void {
  const body = Buffer.from(text);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${text}`,
  );
}
