import { performServerHandshake } from 'node:http2';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Clock } from '#api/machinery/clock';
import { keepAlive } from '#api/machinery/keep-alive';

export interface TunnelService {
  onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;
  /** Bytes that may be under way on one stream, and on all. */
  window: { stream: number; connection: number };
  /** Of the headers of a request; absent: 64 KiB. */
  maxHeaderBytes?: number;
  clock: Clock;
  /** Ends it. */
  signal: AbortSignal;
}

/**
 * Serves requests over a connection that this process has opened itself. Resolves when it has ended, for whatever reason.
 */
export function serveTunnel(
  socket: Duplex,
  { onStream, window, maxHeaderBytes, signal, clock }: TunnelService,
): Promise<void> {
  const settings = {
    initialWindowSize: window.stream,
    ...(maxHeaderBytes !== undefined && { maxHeaderListSize: maxHeaderBytes }),
  };
  const session = performServerHandshake(socket, { settings });
  session.setLocalWindowSize(window.connection);
  session.on('stream', onStream);
  // An error also closes the session; the connection is told of it beside the session.
  socket.on('error', () => undefined);
  session.on('error', () => undefined);
  const onAbort = (): void => session.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  const stopPings = keepAlive(session, clock);
  return new Promise((resolve) => {
    session.once('close', () => {
      stopPings();
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    if (signal.aborted) onAbort();
  });
}
