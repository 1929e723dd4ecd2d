import { compactedError } from '../compaction/compacted-error.ts';
import type { StoredObject } from '../contract/objects.ts';
import type { RevisionTables } from '../driver/revision-tables.ts';
import { mapKey } from './key-order.ts';
import type { Memory } from './memory.ts';
import { mergeChanges, namespaceSlice } from './sorted-objects.ts';
import type { KeyChange } from './sorted-objects.ts';
import { restore } from './stored-object.ts';

const PAGE = 500;

export interface PastSnapshotsOptions {
  memory: Memory;
  log: Pick<RevisionTables, 'history'>;
  /** Snapshots kept, for the next pages of the same list. */
  limits: SnapshotLimits;
}

export interface SnapshotLimits {
  count: number;
  /** Characters of their objects together, which they may keep from being freed; the newest is kept whatever its size. */
  bytes: number;
}

interface Snapshot {
  items: readonly StoredObject[];
  bytes: number;
}

/**
 * What a resource was at a revision that memory has passed: the objects of now with the later events undone, which
 * come from the ring or, where that does not reach back, from the log.
 */
export class PastSnapshots {
  readonly #options: PastSnapshotsOptions;
  /** In the order of their last use. */
  readonly #recent = new Map<string, Snapshot>();
  #bytes = 0;

  constructor(options: PastSnapshotsOptions) {
    this.#options = options;
  }

  /** The objects at a revision that is not above that of memory. @throws StorageError Compacted */
  async at(
    where: { resource: string; namespace?: string },
    revision: number,
  ): Promise<readonly StoredObject[]> {
    const { resource, namespace } = where;
    const { objects, ring } = this.#options.memory.resource(resource);
    const untouched = ring.floor <= revision && ring.isLast(revision);
    if (untouched) return objects.list(namespace);
    const key = `${resource}\0${revision}`;
    const items = this.#use(key) ?? this.#keep(key, await this.#reconstruct(resource, revision));
    return namespace === undefined ? items : namespaceSlice(items, namespace);
  }

  async #reconstruct(resource: string, revision: number): Promise<readonly StoredObject[]> {
    const { memory } = this.#options;
    const { objects, ring } = memory.resource(resource);
    // In one step with looking at the ring: what memory takes in while the log is read must not be half undone.
    const now = objects.list();
    const undone = new Map<string, KeyChange>();
    if (ring.floor <= revision) {
      for (const { object, previous } of ring.after(revision)) {
        undoFirst(undone, { key: object.key, object: previous });
      }
    } else await this.#undoFromLog(undone, { resource, after: revision, upTo: memory.revision });
    return mergeChanges(now, [...undone.values()]);
  }

  async #undoFromLog(
    undone: Map<string, KeyChange>,
    { resource, after, upTo }: { resource: string; after: number; upTo: number },
  ): Promise<void> {
    for (let cursor = after; cursor < upTo;) {
      const page = await this.#options.log.history({ resource, after: cursor, upTo, limit: PAGE });
      if (cursor < page.compacted) throw compactedError(after, page.compacted);
      for (const { key, previousRevision, previousBody } of page.rows) {
        const object = previousBody === undefined ? undefined : restore(key, previousRevision, previousBody);
        undoFirst(undone, { key, object });
      }
      cursor = page.rows.length < PAGE ? upTo : (page.rows.at(-1)?.revision ?? upTo);
    }
  }

  #use(key: string): readonly StoredObject[] | undefined {
    const found = this.#recent.get(key);
    if (found === undefined) return undefined;
    this.#recent.delete(key);
    this.#recent.set(key, found);
    return found.items;
  }

  #keep(key: string, items: readonly StoredObject[]): readonly StoredObject[] {
    this.#drop(key);
    const bytes = items.reduce((sum, item) => sum + item.json().length, 0);
    this.#recent.set(key, { items, bytes });
    this.#bytes += bytes;
    const { limits } = this.#options;
    for (const oldest of this.#recent.keys()) {
      const fits = this.#recent.size <= limits.count && this.#bytes <= limits.bytes;
      if (fits || this.#recent.size === 1) break;
      this.#drop(oldest);
    }
    return items;
  }

  #drop(key: string): void {
    this.#bytes -= this.#recent.get(key)?.bytes ?? 0;
    this.#recent.delete(key);
  }
}

/** The first later event of a key has the state to go back to. */
function undoFirst(undone: Map<string, KeyChange>, change: KeyChange): void {
  const at = mapKey(change.key);
  if (!undone.has(at)) undone.set(at, change);
}
