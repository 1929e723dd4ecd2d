import type { ApiObject } from '../../registry/reading/api-object.ts';
import type { ObjectList, WatchItem } from '../../registry/requests.ts';

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

export function* listText(
  { apiVersion, kind, list }: ListHead,
  text: (item: ApiObject) => string,
): Iterable<string> {
  const head = JSON.stringify({ apiVersion, kind, metadata: listMetadata(list) });
  yield* arrayText(`${head.slice(0, -1)},"items":[`, list.items, text);
}

/** `head`, the texts of the items with commas between them, and the end of the array and of its object. */
export function* arrayText<T>(
  head: string,
  items: readonly T[],
  text: (item: T) => string,
): Iterable<string> {
  let before = head;
  for (const item of items) {
    yield before + text(item);
    before = ',';
  }
  yield `${items.length === 0 ? head : ''}]}`;
}

/** An object with nothing but a revision (KEP 956); the annotation ends the state a watch began with (KEP 3157). */
export function bookmarkText(
  type: { apiVersion: string; kind: string },
  item: WatchItem & { type: 'BOOKMARK' },
): string {
  const annotations = item.initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
  const metadata = { resourceVersion: String(item.revision), ...annotations };
  return JSON.stringify({ kind: type.kind, apiVersion: type.apiVersion, metadata });
}
