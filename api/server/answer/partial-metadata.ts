import { jsonText } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';
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
        jsonText(partialObject(item.object, apiVersion)),
      ),
    eventObject: (item) =>
      item.type === 'BOOKMARK'
        ? bookmarkText({ apiVersion, kind }, item)
        : jsonText(partialObject(item.object.object, apiVersion)),
  };
}

export function partialObject({ metadata }: Unstructured, apiVersion: string): object {
  return { kind: 'PartialObjectMetadata', apiVersion, metadata };
}
