import { compactedError } from '../compaction/compacted-error.ts';
import type { StoreEvent, StoreEventType, WatchQuery } from '../contract/objects.ts';
import type { HistoryRow, RevisionTables } from '../driver/revision-tables.ts';
import type { Memory } from '../memory/memory.ts';
import { restore } from '../memory/stored-object.ts';
import { isWanted } from './watcher-index.ts';
import { Watcher } from './watcher.ts';
import type { WatcherLimits } from './watcher.ts';

const PAGE = 500;

const TYPES: Record<HistoryRow['op'], StoreEventType> = {
  create: 'ADDED',
  update: 'MODIFIED',
  delete: 'DELETED',
};

export interface WatchOptions {
  memory: Memory;
  log: Pick<RevisionTables, 'history'>;
  /** What may wait for a slow reader. */
  buffer: WatcherLimits;
  /** @throws StorageError where the store was closed, or stopped by itself */
  assertOpen(): void;
}

/**
 * History out of the database until memory's ring covers the rest, then live. The change-over happens in one
 * synchronous step, so nothing is missed or repeated.
 */
export async function* watchFrom(
  query: WatchQuery,
  options: WatchOptions,
): AsyncGenerator<readonly StoreEvent[]> {
  const { memory } = options;
  options.assertOpen();
  if (query.after < memory.compacted) throw compactedError(query.after, memory.compacted);
  let cursor = query.after;
  // Asked for anew each time: memory may have started over meanwhile, with a ring that begins later.
  while (cursor < memory.resource(query.resource).ring.floor) {
    if (query.signal.aborted || memory.watchesEnded()) return;
    const upTo = memory.revision;
    const page = await readHistory(query, { options, cursor, upTo });
    if (page.events.length > 0) yield page.events;
    cursor = page.reached;
  }
  yield* live(query, options, cursor);
}

interface HistoryStep {
  options: WatchOptions;
  cursor: number;
  upTo: number;
}

async function readHistory(
  query: WatchQuery,
  { options, cursor, upTo }: HistoryStep,
): Promise<{ events: StoreEvent[]; reached: number }> {
  const { compacted, rows } = await options.log.history({
    resource: query.resource,
    after: cursor,
    upTo,
    limit: PAGE,
  });
  if (cursor < compacted) throw compactedError(cursor, compacted);
  const events = rows.filter((row) => isWanted(row.key, query)).map((row) => eventOf(row));
  return { events, reached: rows.length < PAGE ? upTo : (rows.at(-1)?.revision ?? upTo) };
}

async function* live(
  query: WatchQuery,
  options: WatchOptions,
  after: number,
): AsyncGenerator<readonly StoreEvent[]> {
  const resource = options.memory.resource(query.resource);
  const watcher = new Watcher(options.buffer);
  const entry = { namespace: query.namespace, name: query.name, watcher };
  const end = (): void => watcher.end();
  const missed = resource.ring.after(after).filter((event) => isWanted(event.object.key, query));
  resource.deliveries.add(entry);
  query.signal.addEventListener('abort', end, { once: true });
  try {
    if (query.signal.aborted || options.memory.watchesEnded()) return;
    query.onLive?.();
    if (missed.length > 0) yield missed;
    for (;;) {
      const events = await watcher.next();
      if (events === undefined) return;
      const later = laterThan(after, events);
      if (later.length > 0) yield later;
    }
  } finally {
    resource.deliveries.delete(entry);
    query.signal.removeEventListener('abort', end);
  }
}

/** All of them, and the same array, but for a watch that began at a revision still to come. */
function laterThan(after: number, events: readonly StoreEvent[]): readonly StoreEvent[] {
  return (events[0]?.revision ?? 0) > after ? events : events.filter((event) => event.revision > after);
}

function eventOf(row: HistoryRow): StoreEvent {
  return Object.freeze({
    type: TYPES[row.op],
    revision: row.revision,
    object: restore(row.key, row.revision, row.body),
    previous:
      row.previousBody === undefined ? undefined : restore(row.key, row.previousRevision, row.previousBody),
  });
}
