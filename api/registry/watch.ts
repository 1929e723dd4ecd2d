import type { Clock } from '../machinery/clock.ts';
import { expired } from '../machinery/status-error.ts';
import type { StoreEvent } from '../storage/contract.ts';
import { atRevision } from './api-object.ts';
import type { RegistryContext } from './context.ts';
import type { WatchItem, WatchQuery } from './requests.ts';
import { storageResource } from './resource.ts';
import { checkInitialEvents, parseRevision } from './revision.ts';
import { parseSelection, type Selection } from './selection.ts';
import { isStorageError, storageFailure, stored } from './storage-failure.ts';

/** As kube-apiserver's cacher. */
const BOOKMARK_EVERY_MS = 60_000;

/**
 * Batches of what happens, after the state to begin with where the query asks for it. Ends with the signal.
 * A query that makes no sense is refused at once, before anything is read.
 * @throws StatusError BadRequest, Invalid; while iterating Expired (list anew), Timeout (too slow: watch again)
 */
export function watchObjects(
  context: RegistryContext,
  query: WatchQuery,
): AsyncIterable<readonly WatchItem[]> {
  checkInitialEvents(query);
  parseRevision(query.resourceVersion);
  return watchSelected(context, query, parseSelection(query));
}

async function* watchSelected(
  context: RegistryContext,
  query: WatchQuery,
  selection: Selection | undefined,
): AsyncGenerator<readonly WatchItem[]> {
  const begin = await initialState(context, query, selection);
  if (begin.items.length > 0) yield begin.items;
  try {
    yield* liveItems(context, { query, selection, after: begin.revision });
  } catch (error) {
    if (isStorageError(error, 'Compacted')) throw expired(`too old resource version: ${begin.revision}`);
    throw storageFailure(error, { resource: query.resource });
  }
}

/** The revision to watch from and, where asked for, the state at it as ADDED events. */
async function initialState(
  context: RegistryContext,
  query: WatchQuery,
  selection: Selection | undefined,
): Promise<{ revision: number; items: WatchItem[] }> {
  const { resource, namespace, sendInitialEvents, allowWatchBookmarks } = query;
  const from = parseRevision(query.resourceVersion);
  const anyState = from === undefined || from === 0;
  if (!anyState && sendInitialEvents !== true) return { revision: from, items: [] };
  const { revision, items } = await stored(
    context.store.list({
      resource: storageResource(resource),
      ...(namespace === '' ? {} : { namespace }),
      ...(from === undefined ? {} : { minRevision: from }),
    }),
    { resource },
  );
  if (sendInitialEvents === false) return { revision, items: [] };
  const added = items
    .filter((item) => selection === undefined || selection(item.object))
    .map((object): WatchItem => ({ type: 'ADDED', object }));
  const marksEnd = allowWatchBookmarks && (sendInitialEvents === true || from === undefined);
  if (marksEnd) added.push({ type: 'BOOKMARK', revision, initialEventsEnd: true });
  return { revision, items: added };
}

interface Live {
  query: WatchQuery;
  selection: Selection | undefined;
  after: number;
}

async function* liveItems(context: RegistryContext, live: Live): AsyncGenerator<WatchItem[]> {
  const { query, selection, after } = live;
  let caughtUp = false;
  const stream = context.store.watch({
    resource: storageResource(query.resource),
    ...(query.namespace === '' ? {} : { namespace: query.namespace }),
    after,
    signal: query.signal,
    onLive: () => {
      caughtUp = true;
    },
  });
  const events = stream[Symbol.asyncIterator]();
  try {
    for (let next = events.next(); ;) {
      const result = await nextOrBookmark(context, query, { next, isLive: () => caughtUp });
      if (typeof result === 'number') {
        yield [{ type: 'BOOKMARK', revision: result, initialEventsEnd: false }];
        continue;
      }
      if (result.done === true) return;
      const items = toItems(result.value, selection);
      if (items.length > 0) yield items;
      next = events.next();
    }
  } finally {
    await events.return?.();
  }
}

interface Pending {
  next: Promise<IteratorResult<readonly StoreEvent[]>>;
  isLive(): boolean;
}

/** The next events or, when none came for long enough, a revision that none will be below. */
async function nextOrBookmark(
  context: RegistryContext,
  query: WatchQuery,
  pending: Pending,
): Promise<IteratorResult<readonly StoreEvent[]> | number> {
  if (!query.allowWatchBookmarks) return pending.next;
  for (;;) {
    const timer = startTimer(context.clock, BOOKMARK_EVERY_MS);
    const first = await Promise.race([pending.next, timer.fired]).finally(() => timer.cancel());
    if (first !== 'fired') return first;
    if (!pending.isLive()) continue;
    const revision = await idleRevision(context, query, pending.next);
    if (revision !== undefined) return revision;
  }
}

/**
 * The revision of memory, if every event up to it was delivered: events get ready in the same moment as memory
 * reaches their revision, so one that was ready before is found by then.
 */
async function idleRevision(
  context: RegistryContext,
  { resource }: WatchQuery,
  next: Pending['next'],
): Promise<number | undefined> {
  // An empty namespace: only the revision is of interest.
  const query = { resource: storageResource(resource), namespace: ' ', minRevision: 0 };
  const { revision } = await stored(context.store.list(query), { resource });
  const idle = new Promise<'idle'>((resolve) => {
    setImmediate(resolve, 'idle');
  });
  return (await Promise.race([next, idle])) === 'idle' ? revision : undefined;
}

function startTimer(clock: Clock, ms: number): { fired: Promise<'fired'>; cancel(): void } {
  let cancel = (): void => undefined;
  const fired = new Promise<'fired'>((resolve) => {
    cancel = clock.after(ms, () => resolve('fired'));
  });
  return { fired, cancel: () => cancel() };
}

function toItems(events: readonly StoreEvent[], selection: Selection | undefined): WatchItem[] {
  const items: WatchItem[] = [];
  for (const event of events) {
    const item = toItem(event, selection);
    if (item !== undefined) items.push(item);
  }
  return items;
}

/** An object that enters the selection is ADDED, one that leaves it DELETED (kube-apiserver cache_watcher.go). */
function toItem(
  { type, object, previous, revision }: StoreEvent,
  selection: Selection | undefined,
): WatchItem | undefined {
  if (selection === undefined) return { type, object };
  const was = previous !== undefined && selection(previous.object);
  const is = type !== 'DELETED' && selection(object.object);
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', object };
  if (!was) return undefined;
  return { type: 'DELETED', object: type === 'DELETED' ? object : atRevision(previous.object, revision) };
}
