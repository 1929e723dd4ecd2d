import type { Server, TLSSocket } from 'node:tls';

/**
 * Lets HTTP/1.1 connections survive requests that come while the answer before is still on its way to the kernel. Node stops
 * reading then, and pauses its parser. It reads TLS without a stream in between, so that a body in a record of its own, as
 * Python's http.client sends it, reaches the paused parser: this is an error (HPE_PAUSED), and the connection is closed without
 * an answer. A listener for data makes Node read by the stream, which keeps what comes while nobody reads.
 */
export function readByStream(server: Pick<Server, 'on'>): void {
  server.on('secureConnection', (socket: TLSSocket) => {
    if (socket.alpnProtocol !== 'h2') socket.on('data', ignore).off('data', ignore);
  });
}

function ignore(): void {
  // Only that somebody listens counts.
}
