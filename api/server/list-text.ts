import type { ApiObject } from '../registry/api-object.ts';
import type { ObjectList, WatchItem } from '../registry/requests.ts';

/** The text of objects in the form a client asked for. */
export interface Representation {
  readonly contentType: string;
  /** Names the form when the text of an event depends on nothing but the item; few values. */
  readonly shared?: string;
  object(object: ApiObject): string;
  list(list: ObjectList): string;
  /** The object of a watch event. */
  eventObject(item: WatchItem): string;
}

export interface ListHead {
  apiVersion: string;
  kind: string;
  list: ObjectList;
}

/** ListMeta of a list or a Table. */
export function listMetadata({ revision, continue: next, remainingItemCount }: ObjectList): object {
  return {
    resourceVersion: String(revision),
    ...(next === undefined ? {} : { continue: next }),
    ...(remainingItemCount === undefined ? {} : { remainingItemCount }),
  };
}

export function listText({ apiVersion, kind, list }: ListHead, items: readonly string[]): string {
  const head = JSON.stringify({ apiVersion, kind, metadata: listMetadata(list) });
  return `${head.slice(0, -1)},"items":[${items.join(',')}]}`;
}

/** An object with nothing but a revision (KEP 956); the annotation ends the state a watch began with (KEP 3157). */
export function bookmarkText(
  type: { apiVersion: string; kind: string },
  item: WatchItem & { type: 'BOOKMARK' },
): string {
  const annotations = item.initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
  const metadata = { resourceVersion: String(item.revision), creationTimestamp: null, ...annotations };
  return JSON.stringify({ kind: type.kind, apiVersion: type.apiVersion, metadata });
}
