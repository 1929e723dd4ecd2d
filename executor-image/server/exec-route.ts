import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { EXEC_PROTOCOL, readExecPath } from '#executor-manager/protocol/exec';
import { hangUp } from '../process/exec-session.ts';
import { refuseUpgrade } from './refuse-upgrade.ts';
import { isAuthorized } from './token.ts';

/** Whether a request to upgrade its connection stands for a program that a user runs. */
export const isExecRequest = ({ url = '' }: IncomingMessage): boolean => readExecPath(url) !== undefined;

/** A machine that is gone says nothing: the kernel asks after this time without a word. */
const KEEP_ALIVE_MS = 15_000;
/** The engine may have started the program at the moment at which the connection ended. */
const SECOND_LOOK_MS = 2000;

/** Keeps the connection, and hangs the program up when it ends. */
export function acceptExec(
  tokenHash: string,
  { headers, method, url = '' }: IncomingMessage,
  socket: Socket,
): void {
  // One that breaks closes.
  socket.on('error', () => socket.destroy());
  const id = readExecPath(url);
  if (!isAuthorized(headers.authorization, tokenHash)) return refuseUpgrade(socket, 401, 'a token is needed');
  if (method !== 'GET' || id === undefined) return refuseUpgrade(socket, 404, 'not found');
  if (headers.upgrade?.toLowerCase() !== EXEC_PROTOCOL)
    return refuseUpgrade(socket, 426, `upgrade to ${EXEC_PROTOCOL}`);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  socket.once('close', () => {
    hangUp(id);
    setTimeout(() => hangUp(id), SECOND_LOOK_MS).unref();
  });
  socket.once('end', () => socket.destroy());
  socket.resume();
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${EXEC_PROTOCOL}\r\n\r\n`,
  );
}
