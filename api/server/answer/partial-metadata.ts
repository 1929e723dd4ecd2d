import { jsonText, parseJsonText } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { ApiObject } from '../../registry/reading/api-object.ts';
import { bookmarkText, listText } from './list-text.ts';
import type { Representation } from './representation.ts';

/** Objects without spec and status, for those who watch everything (garbage collectors, caches of metadata). */
export function partialMetadata(apiVersion: string): Representation {
  const kind = 'PartialObjectMetadata';
  return {
    contentType: 'application/json',
    shared: `${apiVersion} ${kind}`,
    object: ({ object }) => jsonText(partialObject(object, apiVersion)),
    list: (list) =>
      listText({ apiVersion, kind: 'PartialObjectMetadataList', list }, (item) =>
        jsonText(partialObject(parsedOnce(item), apiVersion)),
      ),
    eventObject: (item) =>
      item.type === 'BOOKMARK'
        ? bookmarkText({ apiVersion, kind }, item)
        : jsonText(partialObject(item.object.object, apiVersion)),
  };
}

/** A stored object keeps what it was parsed to: a list of everything would hold all of it in memory for good. */
const parsedOnce = (item: ApiObject): Unstructured => parseJsonText(item.json()) as Unstructured;

export function partialObject({ metadata }: Unstructured, apiVersion: string): object {
  return { kind: 'PartialObjectMetadata', apiVersion, metadata };
}
