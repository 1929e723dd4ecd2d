import type { FetchLike } from '@modelcontextprotocol/sdk/shared/transport.js';

/** A message of a server: a larger one is no answer an agent could read. Same as for a line of a program. */
const MOST_BYTES = 32 * 1024 * 1024;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

export interface BoundedFetchOptions {
  fetch: FetchLike;
  /**
   * The answer to the request with this JSON-RPC id will not come: the stream that was to bring it has ended, possibly after
   * it came. The SDK would wait on.
   */
  onEnd: (id: number, why: string) => void;
}

/**
 * `fetch` for the SDK's transports that ends a response when one message in it gets too large: one event of an event
 * stream, which may go on for ever, else the whole body.
 */
export function boundedFetch({ fetch, onEnd }: BoundedFetchOptions): FetchLike {
  return async (url, init) => {
    const response = await fetch(url, init);
    if (response.body === null) return response;
    const isStream = /^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '');
    const id = requestId(init?.body);
    const told = { resumable: false };
    const ended = (why: string): void => {
      // The SDK asks for the rest of a stream whose events have ids.
      if (id !== undefined && !told.resumable) onEnd(id, why);
    };
    const { status, statusText, headers } = response;
    const body = ReadableStream.from(watched(response.body, { isStream, told, ended }));
    return new Response(body, { status, statusText, headers });
  };
}

function requestId(body: unknown): number | undefined {
  if (typeof body !== 'string') return undefined;
  const { id } = JSON.parse(body) as { id?: unknown };
  return typeof id === 'number' ? id : undefined;
}

interface Watch {
  isStream: boolean;
  told: { resumable: boolean };
  ended: (why: string) => void;
}

async function* watched(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  { isStream, told, ended }: Watch,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let why = 'the server closed the connection before it had answered';
  const message = createMessageSize(isStream);
  try {
    for await (const chunk of body) {
      if (message.add(chunk) > MOST_BYTES) {
        throw new Error(`the server sent a message of more than ${MOST_BYTES / 1024 / 1024} MB`);
      }
      if (isStream && !told.resumable) told.resumable = hasEventId(chunk);
      yield chunk;
    }
  } catch (error) {
    why = (error as Error).message;
    throw error;
  } finally {
    ended(why);
  }
}

/** A field `id` at the start of a line; one that is cut by the border of two chunks is followed by others. */
function hasEventId(chunk: Uint8Array): boolean {
  const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  return text.indexOf('\nid:') >= 0 || text.indexOf('id:') === 0;
}

/** Counts the bytes of the message under way: of the event since the last empty line, or of all. */
function createMessageSize(isStream: boolean): { add(chunk: Uint8Array): number } {
  let size = 0;
  let lineEmpty = true;
  return {
    add(chunk) {
      size += chunk.length;
      if (!isStream) return size;
      for (let at = 0; at < chunk.length; at += 1) {
        const byte = chunk[at];
        if (byte === NEWLINE) {
          if (lineEmpty) size = chunk.length - at - 1;
          lineEmpty = true;
        } else if (byte !== RETURN) {
          lineEmpty = false;
        }
      }
      return size;
    },
  };
}
