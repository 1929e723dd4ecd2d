import type { Unstructured } from '../machinery/meta.ts';
import { bookmarkText, listText, type Representation } from './list-text.ts';

/** Objects without spec and status, for those who watch everything (garbage collectors, caches of metadata). */
export function partialMetadata(apiVersion: string): Representation {
  const kind = 'PartialObjectMetadata';
  return {
    contentType: 'application/json',
    object: ({ object }) => JSON.stringify(partialObject(object, apiVersion)),
    list: ({ items, revision }) =>
      listText(
        { apiVersion, kind: 'PartialObjectMetadataList', revision },
        items.map((item) => JSON.stringify(partialObject(item.object, apiVersion))),
      ),
    eventObject: (item) =>
      item.type === 'BOOKMARK'
        ? bookmarkText({ apiVersion, kind }, item)
        : JSON.stringify(partialObject(item.object.object, apiVersion)),
  };
}

export function partialObject({ metadata }: Unstructured, apiVersion: string): object {
  return { kind: 'PartialObjectMetadata', apiVersion, metadata };
}
