import { jsonText } from '../../machinery/json/json.ts';
import { badRequest } from '../../machinery/status-error.ts';
import type { ApiObject } from '../../registry/reading/api-object.ts';
import type { WatchItem } from '../../registry/requests.ts';
import { arrayText, bookmarkText, listMetadata } from './list-text.ts';
import type { Representation } from './representation.ts';
import { partialObject } from './partial-metadata.ts';
import { tableColumns } from './table-columns.ts';
import type { Columns } from './table-columns.ts';

/** How much of its object a row of a Table carries. */
export type IncludeObject = 'Metadata' | 'None' | 'Object';

/** @throws StatusError BadRequest */
export function parseIncludeObject(text: string | undefined): IncludeObject {
  if (text === undefined || text === '') return 'Metadata';
  if (text === 'Metadata' || text === 'None' || text === 'Object') return text;
  throw badRequest(`unrecognized includeObject value: ${JSON.stringify(text)}`);
}

export interface TableOptions {
  columnsOf: Columns;
  apiVersion: string;
  includeObject: IncludeObject;
  now(): number;
}

/** meta.k8s.io Table: what `kubectl get` prints. On a watch only the first event has the columns. */
export function createTable(options: TableOptions): Representation {
  const { columnsOf, apiVersion } = options;
  const columns = tableColumns(columnsOf);
  const row = rowText(options);
  let columnsSent = false;
  const start = (metadata: object, definitions: unknown): string => {
    const head = JSON.stringify({ kind: 'Table', apiVersion, metadata, columnDefinitions: definitions });
    return `${head.slice(0, -1)},"rows":[`;
  };
  const table = (metadata: object, rows: string, definitions: unknown): string =>
    `${start(metadata, definitions)}${rows}]}`;
  return {
    contentType: 'application/json',
    object: (object) => table(revisionOf(object), row(object), columns.definitions),
    list: (list) => arrayText(start(listMetadata(list), columns.definitions), list.items, row),
    eventObject(item) {
      const definitions = columnsSent ? null : columns.definitions;
      columnsSent = true;
      if (item.type === 'BOOKMARK') {
        const metadata = { resourceVersion: String(item.revision) };
        return table(metadata, bookmarkRow(options, item), definitions);
      }
      return table(revisionOf(item.object), row(item.object), definitions);
    },
  };
}

/** A row as of an object that has nothing but its revision; who wants to know the end of a state finds it there. */
function bookmarkRow(
  { columnsOf, apiVersion, includeObject }: TableOptions,
  item: WatchItem & { type: 'BOOKMARK' },
): string {
  const cells = tableColumns(columnsOf).definitions.map(({ format }) => (format === 'name' ? '' : null));
  const type = { apiVersion, kind: 'PartialObjectMetadata' };
  const object = includeObject === 'None' ? 'null' : bookmarkText(type, item);
  return `{"cells":${JSON.stringify(cells)},"object":${object}}`;
}

const revisionOf = ({ object }: ApiObject): object => ({
  resourceVersion: object.metadata.resourceVersion ?? '',
});

function rowText({ columnsOf, apiVersion, includeObject, now }: TableOptions): (object: ApiObject) => string {
  const columns = tableColumns(columnsOf);
  return (object) => {
    const cells = jsonText(columns.cells(object.object, now()));
    if (includeObject === 'None') return `{"cells":${cells},"object":null}`;
    const text =
      includeObject === 'Object' ? object.json() : jsonText(partialObject(object.object, apiVersion));
    return `{"cells":${cells},"object":${text}}`;
  };
}
