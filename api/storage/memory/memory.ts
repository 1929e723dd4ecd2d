import type { ListQuery, StorageKey, StoredObject, StoreEvent, StoreEventType } from '../contract/objects.ts';
import type { StorageError } from '../contract/storage-error.ts';
import type { Position, Snapshot } from '../driver/revision-tables.ts';
import { Deliveries } from '../watching/deliveries.ts';
import { EventRing } from './event-ring.ts';
import type { RingLimits } from './event-ring.ts';
import { OrderedObjects } from './ordered-objects.ts';
import type { Page } from './ordered-objects.ts';
import { atRevision, restore } from './stored-object.ts';

/** One revision on its way into memory. `object` is absent for a delete. */
export interface Change extends Position {
  key: StorageKey;
  object: StoredObject | undefined;
}

export interface ResourceMemory {
  objects: OrderedObjects;
  ring: EventRing;
  deliveries: Deliveries;
}

export interface MemoryOptions {
  snapshot: Snapshot;
  /** Of the events kept per resource. */
  ring: RingLimits;
}

/** Everything the store serves reads and watches from, at one revision. */
export class Memory {
  readonly #resources = new Map<string, ResourceMemory>();
  readonly #ring: RingLimits;
  #position: Position;
  #compacted: number;
  #loadedAt: number;
  #closed = false;
  #failure: StorageError | undefined;
  #waiters: { revision: number; resolve: () => void }[] = [];

  constructor({ snapshot, ring }: MemoryOptions) {
    this.#position = positionOf(snapshot);
    this.#compacted = snapshot.compacted;
    this.#loadedAt = snapshot.revision;
    this.#ring = ring;
    this.#fill(snapshot.rows);
  }

  /** The newest revision applied; every one below it is, too. */
  get revision(): number {
    return this.#position.revision;
  }

  get position(): Position {
    return this.#position;
  }

  /** As far as is known here: history up to and including this revision may be gone. */
  get compacted(): number {
    return this.#compacted;
  }

  noteCompacted(revision: number): void {
    this.#compacted = Math.max(this.#compacted, revision);
  }

  resource(name: string): ResourceMemory {
    let found = this.#resources.get(name);
    if (found === undefined) {
      found = {
        objects: new OrderedObjects(),
        ring: new EventRing(this.#ring, this.#loadedAt),
        deliveries: new Deliveries(),
      };
      this.#resources.set(name, found);
    }
    return found;
  }

  get(key: StorageKey): StoredObject | undefined {
    return this.#resources.get(key.resource)?.objects.get(key);
  }

  /** The revision up to which the watches of a resource have every event, or need only take it. */
  delivered(resource: string): number {
    const waiting = this.#resources.get(resource)?.deliveries.firstWaiting;
    return waiting === undefined ? this.revision : waiting - 1;
  }

  /** What is there now, in key order. */
  list({ resource, namespace, name, limit, after }: ListQuery): Page {
    const { objects } = this.resource(resource);
    if (name !== undefined) return { items: named(objects, { namespace, name }), remaining: 0 };
    if (limit !== undefined) return objects.page({ namespace, after, limit });
    return { items: objects.list(namespace), remaining: 0 };
  }

  /** The current object, if it is at exactly this revision. */
  at(key: StorageKey, revision: number): StoredObject | undefined {
    const found = this.get(key);
    return found?.revision === revision ? found : undefined;
  }

  /**
   * Applies changes in revision order and hands their events to the watchers; those already applied are
   * skipped. Throws when a revision is missing in between: that would be a lost event.
   */
  apply(changes: readonly Change[]): void {
    const events = new Map<string, StoreEvent[]>();
    for (const change of changes) {
      if (change.revision <= this.revision) continue;
      if (change.revision !== this.revision + 1) {
        throw new Error(`revision ${change.revision} follows ${this.revision}: the log has a gap`);
      }
      const event = this.#applyOne(change);
      const list = events.get(change.key.resource);
      if (list === undefined) events.set(change.key.resource, [event]);
      else list.push(event);
    }
    for (const [resource, list] of events) this.resource(resource).deliveries.push(list);
    this.#wakeWaiters();
  }

  /**
   * Starts anew from a snapshot that is not older. Watches fail with the error; their readers list anew.
   */
  reload(snapshot: Snapshot, error: StorageError): void {
    if (snapshot.revision < this.revision) return;
    for (const { deliveries } of this.#resources.values()) {
      for (const { watcher } of deliveries.watchers) watcher.fail(error);
    }
    this.#resources.clear();
    this.#position = positionOf(snapshot);
    this.noteCompacted(snapshot.compacted);
    this.#loadedAt = snapshot.revision;
    this.#fill(snapshot.rows);
    this.#wakeWaiters();
  }

  /** Calls back once, as soon as the revision is applied. The returned function cancels. */
  onReached(revision: number, resolve: () => void): () => void {
    const waiter = { revision, resolve };
    this.#waiters.push(waiter);
    return () => {
      this.#waiters = this.#waiters.filter((other) => other !== waiter);
    };
  }

  /** True once watches were ended; new ones end at once. @throws StorageError what ended them, if something went wrong */
  watchesEnded(): boolean {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#closed;
  }

  /** Ends every watch, with the error if there is one. */
  endWatches(error?: StorageError): void {
    this.#closed = true;
    this.#failure = error;
    for (const { deliveries } of this.#resources.values()) {
      for (const { watcher } of deliveries.watchers) {
        if (error === undefined) watcher.end();
        else watcher.fail(error);
      }
    }
  }

  #fill(rows: Snapshot['rows']): void {
    for (const row of rows) {
      this.resource(row.key.resource).objects.set(restore(row.key, row.revision, row.body));
    }
  }

  #applyOne(change: Change): StoreEvent {
    const resource = this.resource(change.key.resource);
    const previous = resource.objects.get(change.key);
    const object = change.object ?? (previous && atRevision(previous, change.revision));
    if (object === undefined) throw new Error(`revision ${change.revision} deletes what is not there`);
    if (change.object === undefined) resource.objects.delete(change.key);
    else resource.objects.set(change.object);
    this.#position = positionOf(change);
    const event = Object.freeze({
      type: eventType(change, previous),
      revision: change.revision,
      object,
      previous,
    });
    resource.ring.push(event);
    return event;
  }

  #wakeWaiters(): void {
    const ready = this.#waiters.filter((waiter) => waiter.revision <= this.revision);
    if (ready.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => waiter.revision > this.revision);
    for (const waiter of ready) waiter.resolve();
  }
}

const positionOf = ({ revision, commitId }: Position): Position => ({ revision, commitId });

function named(
  objects: OrderedObjects,
  { namespace, name }: { namespace: string | undefined; name: string },
): readonly StoredObject[] {
  if (namespace === undefined) return objects.list().filter((item) => item.key.name === name);
  const found = objects.get({ namespace, name });
  return found === undefined ? [] : [found];
}

function eventType(change: Change, previous: StoredObject | undefined): StoreEventType {
  if (change.object === undefined) return 'DELETED';
  return previous === undefined ? 'ADDED' : 'MODIFIED';
}
