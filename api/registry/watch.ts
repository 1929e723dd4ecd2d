import { expired } from '../machinery/status-error.ts';
import type { StoreEvent } from '../storage/contract/objects.ts';
import type { RegistryContext } from './context.ts';
import { whereOf } from './list.ts';
import type { WatchItem, WatchQuery } from './requests.ts';
import { storageResource } from './resource.ts';
import { checkInitialEvents, parseRevision } from './reading/resource-version-query.ts';
import { parseSelection } from './reading/selection.ts';
import type { Selection } from './reading/selection.ts';
import { isStorageError, storageFailure, translated } from './storage-failure.ts';
import { addedItem, watchItems } from './reading/watch-items.ts';
import { WatchTimers } from './reading/watch-timers.ts';
import type { Due } from './reading/watch-timers.ts';

/**
 * Batches of what happens, after the state to begin with where the query asks for it. Ends with the signal, with the
 * query's time, and when the kind is defined anew. A query that makes no sense is refused at once, before anything
 * is read.
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
  selection: Selection,
): AsyncGenerator<readonly WatchItem[]> {
  using definition = whileDefined(context, query);
  const begin = await initialState(context, query, selection);
  if (begin.items.length > 0) yield begin.items;
  const live = liveEvents(context, { query, selection, after: begin.revision, definition });
  const timers = new WatchTimers(context.clock, query);
  try {
    for (let next = live.events.next(); ;) {
      const result = await timers.race(next);
      if (isDue(result)) {
        const revision = await live.idleRevision(next);
        if (revision !== undefined && query.allowWatchBookmarks) {
          yield [{ type: 'BOOKMARK', revision, initialEventsEnd: false }];
        }
        // With events still to be delivered it ends without a bookmark: the client watches again from its last one.
        if (result === 'timeout') return;
        continue;
      }
      if (result.done === true) return;
      const items = watchItems(query.resource, result.value, selection.test);
      if (items.length > 0) yield items;
      next = live.events.next();
    }
  } catch (error) {
    if (isStorageError(error, 'Compacted')) throw expired(error.message);
    throw storageFailure(error, { resource: query.resource });
  } finally {
    timers.cancel();
    // A stream that waits for its next event can only return once that came, or its signal ended it.
    definition.end();
    await live.events.return?.();
  }
}

interface Definition extends Disposable {
  signal: AbortSignal;
  end(): void;
}

/**
 * The query's signal, aborted also when the kind is not served any more as the query knows it: its watchers watch
 * again and see the new definition, as when kube-apiserver ends the storage of a changed CustomResourceDefinition.
 */
function whileDefined({ catalog }: RegistryContext, { resource, signal }: WatchQuery): Definition {
  const over = new AbortController();
  const end = (): void => over.abort();
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  const unsubscribe = catalog.onChange(() => {
    if (catalog.find(resource) !== resource) end();
  });
  return {
    signal: over.signal,
    end,
    [Symbol.dispose]() {
      unsubscribe();
      signal.removeEventListener('abort', end);
    },
  };
}

/** The revision to watch from and, where asked for, the state at it as ADDED events. */
async function initialState(
  context: RegistryContext,
  query: WatchQuery,
  selection: Selection,
): Promise<{ revision: number; items: WatchItem[] }> {
  const { resource, sendInitialEvents, allowWatchBookmarks } = query;
  const from = parseRevision(query.resourceVersion);
  const anyState = from === undefined || from === 0;
  if (!anyState && sendInitialEvents !== true) return { revision: from, items: [] };
  const minRevision = from === undefined ? {} : { minRevision: from };
  const { revision, items } = await translated(
    context.store.list({ ...whereOf(resource, selection), ...minRevision }),
    { resource },
  );
  if (sendInitialEvents === false) return { revision, items: [] };
  const { test } = selection;
  const matching = test === undefined ? items : items.filter((item) => test(item));
  const added = matching.map((item) => addedItem(resource, item));
  // Asked for or not: a state that was sent ends with its mark, where the client takes marks.
  if (allowWatchBookmarks) added.push({ type: 'BOOKMARK', revision, initialEventsEnd: true });
  return { revision, items: added };
}

interface Live {
  query: WatchQuery;
  selection: Selection;
  after: number;
  definition: Definition;
}

interface LiveEvents {
  events: AsyncIterator<readonly StoreEvent[]>;
  /** A revision up to which every event was sent; undefined while there are some to send. */
  idleRevision(next: Next): Promise<number | undefined>;
}

function liveEvents(
  { store }: RegistryContext,
  { query: { resource }, selection, after, definition }: Live,
): LiveEvents {
  let isLive = false;
  const onLive = (): void => {
    isLive = true;
  };
  const { signal } = definition;
  const stream = store.watch({ ...whereOf(resource, selection), after, signal, onLive });
  return {
    events: stream[Symbol.asyncIterator](),
    async idleRevision(next) {
      if (!isLive) return undefined;
      // Asked before looking: what was given to this watch by then is found.
      const revision = store.delivered(storageResource(resource));
      const idle = new Promise<'idle'>((resolve) => {
        setImmediate(resolve, 'idle');
      });
      if ((await Promise.race([next, idle])) !== 'idle') return undefined;
      // A watch that began in the future goes on from there.
      return Math.max(revision, after);
    },
  };
}

type Next = Promise<IteratorResult<readonly StoreEvent[]>>;

const isDue = (result: Awaited<Next> | Due): result is Due => typeof result === 'string';
