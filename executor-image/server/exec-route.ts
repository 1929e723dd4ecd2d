import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { EXEC_PROTOCOL, readExecPath } from '#executor-manager/protocol/exec';
import { hangUp } from '../process/exec-session.ts';
import { acceptUpgrade, upgradeTarget } from './upgrade.ts';

/** Whether a request to upgrade its connection stands for a program that a user runs. */
export const isExecRequest = ({ url = '' }: IncomingMessage): boolean => readExecPath(url) !== undefined;

/** A machine that is gone says nothing: the kernel asks after this time without a word. */
const KEEP_ALIVE_MS = 15_000;
/** The engine may have started the program at the moment at which the connection ended. */
const SECOND_LOOK_MS = 2000;

/** Keeps the connection, and hangs the program up when it ends. */
export function acceptExec(tokenHash: string, request: IncomingMessage, socket: Socket): void {
  // One that breaks closes.
  socket.on('error', () => socket.destroy());
  const target = readExecPath(request.url ?? '');
  const id = upgradeTarget(request, socket, { tokenHash, protocol: EXEC_PROTOCOL, target });
  if (id === undefined) return;
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  socket.once('close', () => {
    hangUp(id);
    setTimeout(() => hangUp(id), SECOND_LOOK_MS).unref();
  });
  socket.once('end', () => socket.destroy());
  socket.resume();
  acceptUpgrade(socket, EXEC_PROTOCOL);
}
