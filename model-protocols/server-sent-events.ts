import { createParser } from 'eventsource-parser';

/** https://html.spec.whatwg.org/multipage/server-sent-events.html */
export interface ServerSentEvent {
  event?: string;
  data: string;
}

/** The event as it stands in a stream. */
export function formatEvent({ event, data }: ServerSentEvent): string {
  const lines = data.split(/\r\n|\n|\r/).map((line) => `data: ${line}\n`);
  return `${event === undefined ? '' : `event: ${event}\n`}${lines.join('')}\n`;
}

/** Thrown for an event larger than allowed; whoever sends such would fill the memory. */
export class EventTooLargeError extends Error {
  override readonly name = 'EventTooLargeError';
}

export interface ReceivedData {
  data: string;
  /** False for an event that the body ended in: it may be cut off, or only lack the empty line that ends an event. */
  isWhole: boolean;
}

/** The data of each event, as the bytes come in. Throws EventTooLargeError, and what `body` throws. */
export async function* readEvents(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  maxEventBytes: number,
): AsyncGenerator<ReceivedData, void, undefined> {
  let events: string[] = [];
  let pendingBytes = 0;
  const parser = createParser({ onEvent: ({ data }) => events.push(data) });
  const decoder = new TextDecoder();
  const take = (isWhole: boolean): ReceivedData[] => {
    const taken = events.map((data) => ({ data, isWhole }));
    events = [];
    return taken;
  };
  for await (const bytes of body) {
    pendingBytes += bytes.length;
    parser.feed(decoder.decode(bytes, { stream: true }));
    if (events.length > 0) pendingBytes = 0;
    yield* take(true);
    if (pendingBytes > maxEventBytes) throw new EventTooLargeError(`an event exceeds ${maxEventBytes} bytes`);
  }
  parser.feed(`${decoder.decode()}\n\n`);
  yield* take(false);
}
