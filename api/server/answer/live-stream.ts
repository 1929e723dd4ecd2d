import type { ServerResponse } from 'node:http';
import type { Clock } from '../../machinery/clock.ts';
import { isGone } from './outgoing.ts';

/** A reader that takes nothing for this long is gone, or as good as gone. */
const DRAIN_LIMIT_MS = 30_000;
/** What is given to the socket at once; more waits until the reader has taken it. */
const CHUNK_LENGTH = 64 * 1024;
/** Node fires a timer with a longer delay at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface LiveStream {
  /** Aborts when the reader goes away, the server stops or the time is over. */
  readonly signal: AbortSignal;
  /** Resolves when the reader keeps up. Rejects with the signal's reason once the stream is over. */
  write(texts: readonly string[]): Promise<void>;
  /** The same for what is in pieces already. */
  send(chunks: Iterable<Uint8Array | string>): Promise<void>;
  end(): void;
  /** Cuts the connection, so that the reader sees that something is missing. */
  cut(): void;
}

export interface LiveStreamOptions {
  contentType: string;
  /** The stream ends cleanly after this time; absent: never. */
  timeoutMs?: number;
  clock: Clock;
  /** Ends the stream cleanly. */
  closing: AbortSignal;
}

const headersOf = (contentType: string): Record<string, string> => ({
  'content-type': contentType,
  'cache-control': 'no-cache, private',
  'x-content-type-options': 'nosniff',
});

/** The answer to a HEAD for a stream: nothing of what the stream would show is begun. */
export const streamHead = (contentType: string): Response =>
  new Response(undefined, { headers: headersOf(contentType) });

/**
 * Answers with a body that grows. The headers leave at once: clients wait for them before anything else
 * (kubectl wait hangs without).
 */
export function openLiveStream(response: ServerResponse, options: LiveStreamOptions): LiveStream {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, options.closing]);
  const stopTimer =
    options.timeoutMs === undefined
      ? (): void => undefined
      : options.clock.after(Math.min(options.timeoutMs, MAX_TIMER_MS), () =>
          over.abort(new Error('the time of the stream is over')),
        );
  response.once('close', () => {
    stopTimer();
    over.abort(new Error('the reader went away'));
  });
  // A reader that left while the answer was worked out will not do so again.
  if (isGone(response)) over.abort(new Error('the reader went away'));
  // The close event that follows is what counts.
  response.on('error', () => undefined);
  response.writeHead(200, headersOf(options.contentType));
  response.flushHeaders();
  // Asking a signal that is made of two others takes a microsecond or two, for each write of each watch.
  let isOver = signal.aborted;
  signal.addEventListener(
    'abort',
    () => {
      isOver = true;
    },
    { once: true },
  );
  const send = async (chunks: Iterable<Uint8Array | string>): Promise<void> => {
    for (const chunk of chunks) {
      if (isOver) throw signal.reason as Error;
      if (!response.write(chunk)) await drained(response, signal, options.clock);
    }
  };
  return {
    signal,
    write: (texts) => send(chunked(texts)),
    send,
    end: () => void response.end(),
    cut: () => void response.destroy(),
  };
}

/** Pieces of the length that is given to the socket at once; made as they are asked for. */
export function* chunked(texts: Iterable<string>): Generator<string> {
  let chunk = '';
  for (const text of texts) {
    chunk += text;
    if (chunk.length < CHUNK_LENGTH) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

function drained(response: ServerResponse, signal: AbortSignal, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      stopTimer();
      response.off('drain', onDrain);
      signal.removeEventListener('abort', onAbort);
      finish();
    };
    const onDrain = (): void => settle(resolve);
    const onAbort = (): void => settle(() => reject(signal.reason as Error));
    const stopTimer = clock.after(DRAIN_LIMIT_MS, () =>
      settle(() => {
        response.destroy();
        reject(new Error('the reader does not take what it asked for'));
      }),
    );
    response.once('drain', onDrain);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}
