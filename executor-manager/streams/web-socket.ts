import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import type { PodStreamRequest } from '#api/types/pod-stream';

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

/** Whether the handshake can be answered (RFC 6455, section 4.2.1). */
export function isHandshake({ webSocket }: PodStreamRequest): boolean {
  const key = webSocket['sec-websocket-key'] ?? '';
  return webSocket['sec-websocket-version'] === '13' && /^[A-Za-z0-9+/]{22}==$/.test(key);
}

/**
 * Answers the handshake of a user's WebSocket on a connection that carries its bytes. `protocol` is one of those that the
 * client offers, '' for none.
 */
export function acceptWebSocket(
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
