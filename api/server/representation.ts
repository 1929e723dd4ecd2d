import { stringify } from 'yaml';
import { formatApiVersion } from '../machinery/group-version-kind.ts';
import { parseJsonText } from '../machinery/json.ts';
import type { Resource } from '../registry/resource.ts';
import { bookmarkText, listText, type Representation } from './list-text.ts';
import type { Negotiated } from './media-type.ts';
import { partialMetadata } from './partial-metadata.ts';
import { createTable, type IncludeObject } from './table.ts';

export interface RepresentationOptions {
  resource: Resource;
  negotiated: Negotiated;
  includeObject: IncludeObject;
  /** Milliseconds since the epoch, for ages. */
  now(): number;
}

export function createRepresentation(options: RepresentationOptions): Representation {
  const { negotiated, resource } = options;
  if (negotiated.format === 'yaml') return yamlOf(plain(resource));
  if (negotiated.as === undefined) return plain(resource);
  const apiVersion = `meta.k8s.io/${negotiated.as.version}`;
  return negotiated.as.kind === 'Table'
    ? createTable({ ...options, apiVersion })
    : partialMetadata(apiVersion);
}

/** Stored objects have their text ready: nothing is parsed or written again. */
function plain(resource: Resource): Representation {
  const apiVersion = formatApiVersion(resource);
  return {
    contentType: 'application/json',
    shared: 'json',
    object: (object) => object.json(),
    list: (list) =>
      listText(
        { apiVersion, kind: resource.listKind, list },
        list.items.map((item) => item.json()),
      ),
    eventObject: (item) =>
      item.type === 'BOOKMARK' ? bookmarkText({ apiVersion, kind: resource.kind }, item) : item.object.json(),
  };
}

function yamlOf(json: Representation): Representation {
  const convert = (text: string): string => stringify(parseJsonText(text));
  return {
    contentType: 'application/yaml',
    object: (object) => convert(json.object(object)),
    list: (list) => convert(json.list(list)),
    eventObject: (item) => json.eventObject(item),
  };
}
