import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Clock } from '../machinery/clock.ts';

/** A client gets this long to take the last word. */
const LAST_WORD_MS = 1000;

const ANSWERS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/**
 * Tells a client of HTTP/1.1 why its request cannot be read. Node would do so too, but closes the connection at the
 * same moment, and so the answer is lost when the client is still sending.
 */
export function answerUnreadableRequests(server: EventEmitter, clock: Clock): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // It was told already; whatever it still sends is not looked at.
    if (socket.writableEnded) return;
    if (!socket.writable || error.code === 'ECONNRESET' || isAnswering(socket)) {
      socket.destroy();
      return;
    }
    socket.end(`HTTP/1.1 ${ANSWERS[error.code ?? ''] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`);
    const cancel = clock.after(LAST_WORD_MS, () => socket.destroy());
    socket.once('close', cancel);
  });
}

/** An answer to an earlier request is on its way: another one in the middle of it would be taken for a part of it. */
const isAnswering = (socket: Duplex): boolean =>
  (socket as Duplex & { _httpMessage?: { headersSent: boolean } | null })._httpMessage?.headersSent === true;
