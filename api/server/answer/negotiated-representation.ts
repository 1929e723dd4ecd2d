import { stringify } from 'yaml';
import { formatApiVersion } from '../../machinery/group-version-kind.ts';
import { parseJsonText } from '../../machinery/json/json.ts';
import type { ApiObject } from '../../registry/reading/api-object.ts';
import type { ObjectList } from '../../registry/requests.ts';
import type { Resource } from '../../registry/resource.ts';
import { bookmarkText, listMetadata, listText } from './list-text.ts';
import type { ListHead } from './list-text.ts';
import type { Representation } from './representation.ts';
import { negotiate } from '../request/media-type.ts';
import type { Negotiated } from '../request/media-type.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { partialMetadata } from './partial-metadata.ts';
import { SCALE_COLUMNS } from './table-columns.ts';
import type { Columns } from './table-columns.ts';
import { createTable, parseIncludeObject } from './table.ts';
import type { IncludeObject } from './table.ts';

/** The form the client wants the answer in. @throws StatusError NotAcceptable, BadRequest */
export function representationFor({ c, resource, place, options }: ResourceRequest): Representation {
  const negotiated = negotiate(c.req.header('accept'));
  const isTable = negotiated.as?.kind === 'Table';
  return createRepresentation({
    resource,
    negotiated,
    includeObject: parseIncludeObject(isTable ? c.req.query('includeObject') : undefined),
    ...(place.subresource === 'scale' ? { columnsOf: SCALE_COLUMNS } : {}),
    now: () => options.clock.now(),
  });
}

export interface RepresentationOptions {
  resource: Resource;
  negotiated: Negotiated;
  includeObject: IncludeObject;
  /** What a Table shows; absent: the kind itself. */
  columnsOf?: Columns;
  /** Milliseconds since the epoch, for ages. */
  now(): number;
}

export function createRepresentation(options: RepresentationOptions): Representation {
  const { negotiated, resource } = options;
  if (negotiated.format === 'yaml') return yaml(resource);
  if (negotiated.as === undefined) return plain(resource);
  const apiVersion = `meta.k8s.io/${negotiated.as.version}`;
  return negotiated.as.kind === 'Table'
    ? createTable({ ...options, columnsOf: options.columnsOf ?? resource, apiVersion })
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
      listText({ apiVersion, kind: resource.listKind, list: withToken(resource, list) }, itemText(resource)),
    eventObject: (item) =>
      item.type === 'BOOKMARK' ? bookmarkText({ apiVersion, kind: resource.kind }, item) : item.object.json(),
  };
}

/** Lists of custom resources always have a token, on the last page an empty one (unstructured.UnstructuredList). */
function withToken(resource: Resource, list: ObjectList): ObjectList {
  return resource.builtIn || list.continue !== undefined ? list : { ...list, continue: '' };
}

/** Items of Kubernetes' own kinds leave out what the list says of all of them, as Go's typed lists do. */
function itemText(resource: Resource): (item: ApiObject) => string {
  if (!resource.builtIn) return (item) => item.json();
  const head = `{"apiVersion":"${formatApiVersion(resource)}","kind":"${resource.kind}",`;
  return (item) => {
    const text = item.json();
    return text.startsWith(head) ? `{${text.slice(head.length)}` : text;
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

const yamlText = (object: ApiObject): string => written(parseJsonText(object.json()));

/** With sorted keys, as everything kube-apiserver writes in YAML; quoted where a reader of YAML 1.1 needs it. */
function written(value: unknown): string {
  return stringify(value, { sortMapEntries: true, indentSeq: false, version: '1.1', lineWidth: 0 });
}

function* yamlList({ apiVersion, kind, list }: ListHead): Iterable<string> {
  yield `${written({ apiVersion })}items:${list.items.length === 0 ? ' []' : ''}\n`;
  for (const item of list.items) yield written([parseJsonText(item.json())]);
  yield written({ kind, metadata: listMetadata(list) });
}
