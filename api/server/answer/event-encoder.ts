import { MAX_SHARED_ITEMS } from '../../registry/reading/watch-items.ts';
import type { WatchItem } from '../../registry/requests.ts';
import type { Representation } from './representation.ts';
import { chunked } from './live-stream.ts';

/** What was made for one watcher is sent to all the others as it is. */
interface Made {
  lines: WeakMap<WatchItem, string>;
  /** Of batches that many watchers send: encoded once, or each would encode its texts anew. */
  batches: WeakMap<readonly WatchItem[], readonly Uint8Array[]>;
}

/** By the form of the answer. */
const made = new Map<string, Made>();

/** One line of JSON for each event, in pieces as the socket takes them. */
export function eventEncoder(
  representation: Representation,
): (items: readonly WatchItem[]) => Iterable<Uint8Array | string> {
  const { shared } = representation;
  const make = (item: WatchItem): string => eventLine(item.type, representation.eventObject(item));
  if (shared === undefined) return (items) => chunked(lines(items, make));
  let known = made.get(shared);
  if (known === undefined) made.set(shared, (known = { lines: new WeakMap(), batches: new WeakMap() }));
  const { lines: madeLines, batches } = known;
  const line = (item: WatchItem): string => {
    if (item.type === 'BOOKMARK') return make(item);
    let text = madeLines.get(item);
    if (text === undefined) madeLines.set(item, (text = make(item)));
    return text;
  };
  return (items) => {
    // The state that a watch begins with, or the backlog of a slow reader: its lines are made as it is sent.
    if (items.length > MAX_SHARED_ITEMS) return chunked(lines(items, line));
    let batch = batches.get(items);
    if (batch === undefined) {
      batch = Array.from(chunked(lines(items, line)), (text) => Buffer.from(text));
      batches.set(items, batch);
    }
    return batch;
  };
}

function* lines(items: readonly WatchItem[], line: (item: WatchItem) => string): Generator<string> {
  for (const item of items) yield line(item);
}

export const eventLine = (type: string, object: string): string => `{"type":"${type}","object":${object}}\n`;
