import { stringify } from 'yaml';
import { formatApiVersion } from '../machinery/group-version-kind.ts';
import { parseJsonText } from '../machinery/json.ts';
import type { ApiObject } from '../registry/api-object.ts';
import type { Resource } from '../registry/resource.ts';
import { bookmarkText, type ListHead, listMetadata, listText, type Representation } from './list-text.ts';
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
  if (negotiated.format === 'yaml') return yaml(resource);
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
    list: (list) => listText({ apiVersion, kind: resource.listKind, list }, (item) => item.json()),
    eventObject: (item) =>
      item.type === 'BOOKMARK' ? bookmarkText({ apiVersion, kind: resource.kind }, item) : item.object.json(),
  };
}

function yaml(resource: Resource): Representation {
  const apiVersion = formatApiVersion(resource);
  const json = plain(resource);
  return {
    contentType: 'application/yaml',
    object: (object) => yamlText(object),
    list: (list) => yamlList({ apiVersion, kind: resource.listKind, list }),
    // There are no watches in this form.
    eventObject: (item) => json.eventObject(item),
  };
}

const yamlText = (object: ApiObject): string => stringify(parseJsonText(object.json()));

/** With sorted keys, as everything kube-apiserver writes in YAML. */
function* yamlList({ apiVersion, kind, list }: ListHead): Iterable<string> {
  yield `${stringify({ apiVersion })}items:${list.items.length === 0 ? ' []' : ''}\n`;
  for (const item of list.items) yield stringify([parseJsonText(item.json())]);
  yield stringify({ kind, metadata: listMetadata(list) });
}
