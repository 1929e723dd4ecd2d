import type { WatchItem } from '../requests.ts';
import type { Resource } from '../resource.ts';
import type { MaskedViews } from './masked-view.ts';
import { mayHoldCredentials } from './masked-view.ts';

/** Batches of a watch as those see them who may not read credentials. */
export interface MaskedBatches {
  /** The same batch where there is nothing to hide. Items and batches are made once, and shared by all who get them. */
  of(resource: Resource, batch: readonly WatchItem[]): readonly WatchItem[];
}

export function createMaskedBatches(views: MaskedViews): MaskedBatches {
  const items = new WeakMap<WatchItem, WatchItem>();
  const batches = new WeakMap<readonly WatchItem[], readonly WatchItem[]>();
  const itemOf = (resource: Resource, item: WatchItem): WatchItem => {
    if (item.type === 'BOOKMARK') return item;
    let made = items.get(item);
    if (made !== undefined) return made;
    const object = views.of(resource, item.object);
    made = object === item.object ? item : Object.freeze({ type: item.type, object });
    items.set(item, made);
    return made;
  };
  return {
    of(resource, batch) {
      if (!mayHoldCredentials(resource)) return batch;
      let made = batches.get(batch);
      if (made === undefined) {
        const masked = batch.map((item) => itemOf(resource, item));
        made = masked.some((item, index) => item !== batch[index]) ? masked : batch;
        batches.set(batch, made);
      }
      return made;
    },
  };
}
