import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { badRequest } from '#api/machinery/status-error';
import type { Clock } from '#api/machinery/clock';
import type { PodStreamRequest } from '#api/types/sandboxes/pod-stream';
import type { StreamContext } from './stream-context.ts';

/** kubectl sends 32 KiB at once. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

/** The protocols that the client offers. */
export function offeredProtocols({ webSocket }: PodStreamRequest): string[] {
  const text = webSocket['sec-websocket-protocol'] ?? '';
  return text
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== '');
}

/** @throws StatusError BadRequest for a handshake that cannot be answered (RFC 6455, section 4.2.1) */
export function checkHandshake({ webSocket }: PodStreamRequest): void {
  const { 'sec-websocket-key': key, 'sec-websocket-version': version } = webSocket;
  if (key === undefined && version === undefined) {
    throw badRequest('SPDY connections are not taken, WebSocket ones are: use kubectl 1.31 or a newer one');
  }
  if (version !== '13' || !/^[A-Za-z0-9+/]{22}==$/.test(key ?? '')) {
    throw badRequest('this is no handshake of a WebSocket of version 13');
  }
}

/**
 * Answers the handshake of a user's WebSocket on a connection that carries its bytes. `protocol` is one of those that the
 * client offers, '' for none.
 */
export async function acceptWebSocket(
  connection: Duplex,
  { request, clock }: Pick<StreamContext, 'clock' | 'request'>,
  protocol: string,
): Promise<WebSocket> {
  const socket = await answerHandshake(connection, request, protocol);
  pingWhileOpen(socket, clock);
  return socket;
}

const PING_MS = 15_000;

/**
 * Whoever is not read from, since the program takes nothing, can go without a trace: what is written to such a one breaks.
 * An answer is not waited for: a client that was stopped may go on.
 */
function pingWhileOpen(socket: WebSocket, clock: Clock): void {
  const ping = (): void => {
    if (socket.bufferedAmount === 0) socket.ping();
    cancel = clock.after(PING_MS, ping);
  };
  let cancel = clock.after(PING_MS, ping);
  socket.once('close', () => cancel());
}

function answerHandshake(
  connection: Duplex,
  { webSocket }: PodStreamRequest,
  protocol: string,
): Promise<WebSocket> {
  const server = new WebSocketServer({
    noServer: true,
    // Compressed, a few bytes could become gigabytes, and what people type is short.
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  // ws refuses protocols whose names are no tokens (RFC 6455, section 4.1), such as SPDY/3.1+portforward.k8s.io.
  server.on('headers', (headers) => {
    if (protocol !== '') headers.push(`Sec-WebSocket-Protocol: ${protocol}`);
  });
  const { 'sec-websocket-protocol': _ours, ...handshake } = webSocket;
  const request = {
    ...{ method: 'GET', url: '/' },
    headers: { connection: 'Upgrade', upgrade: 'websocket', ...handshake },
  } as unknown as IncomingMessage;
  return new Promise((resolve, reject) => {
    connection.once('close', () => reject(new Error('the user has gone')));
    server.handleUpgrade(request, connection, Buffer.alloc(0), resolve);
  });
}

/**
 * Gives the messages to `take`, one after the other. While one is not taken, nothing further is read of the connection;
 * those that had come with it wait, of which there are no more than a read of the connection has.
 * @param take never rejects
 */
export function takeMessages(socket: WebSocket, take: (message: Buffer) => Promise<void>): void {
  let waiting = 0;
  let taking: Promise<void> = Promise.resolve();
  socket.on('message', (message: Buffer) => {
    if (waiting === 0) socket.pause();
    waiting += 1;
    taking = taking
      .then(() => take(message))
      .then(() => {
        waiting -= 1;
        if (waiting === 0) socket.resume();
      });
  });
}
