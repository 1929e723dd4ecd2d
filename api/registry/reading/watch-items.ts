import { MAX_SHARED_EVENTS } from '../../storage/contract/objects.ts';
import type { StoreEvent, StoredObject } from '../../storage/contract/objects.ts';
import { shownAtRevision } from './api-object.ts';
import type { ApiObject } from './api-object.ts';
import { presented } from './presented.ts';
import type { WatchItem } from '../requests.ts';
import type { Resource } from '../resource.ts';
import type { Test } from './selection.ts';

type ObjectItem = Exclude<WatchItem, { type: 'BOOKMARK' }>;

/** The items that watches make of one event; each is made once and shared by all that send it. */
interface EventItems {
  ADDED?: ObjectItem;
  MODIFIED?: ObjectItem;
  DELETED?: ObjectItem;
  /** The object left a selection: its state before, with the revision of the event. */
  left?: ObjectItem;
}

/** Items of a batch that several watches may send; a longer one is the state or the backlog of one watch. */
export const MAX_SHARED_ITEMS = MAX_SHARED_EVENTS;

interface Made {
  items: WeakMap<StoreEvent, EventItems>;
  /** Of the batches that the store hands to all watches alike. */
  batches: WeakMap<readonly StoreEvent[], readonly WatchItem[]>;
}

const made = new WeakMap<Resource, Made>();

/**
 * What a watch of `resource` sends of store events. Items are frozen and the same for every watch that sends the same
 * thing, and so are whole batches where nothing is selected: what is made of one (its text) can be kept for the others.
 */
export function watchItems(
  resource: Resource,
  events: readonly StoreEvent[],
  test: Test | undefined,
): readonly WatchItem[] {
  let cache = made.get(resource);
  if (cache === undefined) made.set(resource, (cache = { items: new WeakMap(), batches: new WeakMap() }));
  if (test !== undefined) return selectedItems({ resource, cache: cache.items }, events, test);
  let batch = cache.batches.get(events);
  if (batch === undefined) {
    batch = selectedItems({ resource, cache: cache.items }, events, undefined);
    cache.batches.set(events, batch);
  }
  return batch;
}

function selectedItems(
  { resource, cache }: { resource: Resource; cache: Made['items'] },
  events: readonly StoreEvent[],
  test: Test | undefined,
): WatchItem[] {
  const items: WatchItem[] = [];
  for (const event of events) {
    const slot = test === undefined ? event.type : selectedAs(event, test);
    if (slot === undefined) continue;
    let known = cache.get(event);
    if (known === undefined) cache.set(event, (known = {}));
    items.push((known[slot] ??= makeItem(resource, event, slot)));
  }
  return items;
}

/** An object that enters the selection is ADDED, one that leaves it DELETED (kube-apiserver cache_watcher.go). */
function selectedAs({ type, object, previous }: StoreEvent, test: Test): keyof EventItems | undefined {
  const was = previous !== undefined && test(previous);
  if (type !== 'DELETED' && test(object)) return was ? 'MODIFIED' : 'ADDED';
  if (!was) return undefined;
  return type === 'DELETED' ? 'DELETED' : 'left';
}

function makeItem(resource: Resource, event: StoreEvent, slot: keyof EventItems): ObjectItem {
  const { object, previous, revision } = event;
  if (slot !== 'left') return Object.freeze({ type: slot, object: presented(resource, object) });
  const last = presented(resource, previous ?? object);
  return Object.freeze({ type: 'DELETED', object: lastSeen(last, revision) });
}

/** Its text is made once, when it is first sent. */
function lastSeen(last: ApiObject, revision: number): ApiObject {
  const shown = shownAtRevision(last.object, revision);
  let text: string | undefined;
  return { object: shown.object, json: () => (text ??= shown.json()) };
}

const initial = new WeakMap<Resource, WeakMap<StoredObject, ObjectItem>>();

/** An object of the state that a watch begins with. */
export function addedItem(resource: Resource, stored: StoredObject): WatchItem {
  let cache = initial.get(resource);
  if (cache === undefined) initial.set(resource, (cache = new WeakMap()));
  let item = cache.get(stored);
  if (item === undefined) {
    item = Object.freeze({ type: 'ADDED', object: presented(resource, stored) });
    cache.set(stored, item);
  }
  return item;
}
