import { queryString, resourcePath } from '#api/client/resource-path';
import { statusToError } from '#api/client/transport-error';
import { sleep } from '#api/machinery/clock';
import type { Unstructured } from '#api/machinery/meta';
import { isStatusError, type Status } from '#api/machinery/status-error';
import { printedKind } from './api-resource.ts';
import { listNamespace, listObjects, type Selection } from './object-set.ts';
import { type OutputFormat, toJson, toYaml, withoutManagedFields } from './object-text.ts';
import type { Session } from './session.ts';
import { alignLines, type Table, TABLE_ACCEPT, tableCells, type TableColumn } from './table.ts';
import { fetchTable } from './table-request.ts';
import type { Target } from './targets.ts';

export interface WatchOutputOptions extends Selection {
  format: OutputFormat;
  /** Show what is there first. */
  initial: boolean;
  headers: boolean;
  showLabels?: boolean;
}

/** A line of a watch whose objects are tables or the objects themselves. */
type Line =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; object: Unstructured | Table }
  | {
      type: 'ERROR';
      object: Status;
    };

/** Shows a target and each change of it until the process is ended; outlives restarts of the server. */
export async function watchTarget(
  session: Session,
  target: Target,
  options: WatchOutputOptions,
): Promise<never> {
  const [name] = target.names;
  const selection: Selection =
    name === undefined ? options : { ...options, fieldSelector: `metadata.name=${name}` };
  const show =
    options.format.kind === 'table'
      ? tableShow(session, target, options)
      : objectShow(session, target, options.format);
  let position = await show.start({ selection, initial: options.initial });
  for (;;) {
    try {
      for await (const line of watchLines(session, target, { selection, position, accept: show.accept })) {
        position = show.line(line) ?? position;
      }
    } catch (error) {
      if (isStatusError(error, 'Expired') || isStatusError(error, 'Gone')) {
        position = await show.start({ selection, initial: false });
      } else if (!isStatusError(error, 'ServiceUnavailable')) throw error;
    }
    await sleep(session.context.clock, 1000);
  }
}

interface Show {
  accept: string;
  /** Lists, prints if wanted, and returns the revision. */
  start(options: { selection: Selection; initial: boolean }): Promise<string>;
  /** Prints a change and returns its revision. */
  line(line: Line): string | undefined;
}

async function* watchLines(
  session: Session,
  target: Target,
  options: { selection: Selection; position: string; accept: string },
): AsyncGenerator<Line> {
  const { selection } = options;
  const path =
    resourcePath(target.resource, { namespace: listNamespace(session, target.resource, selection) }) +
    queryString({
      watch: true,
      resourceVersion: options.position,
      labelSelector: selection.selector,
      fieldSelector: selection.fieldSelector,
    });
  for await (const text of session.connection.transport.lines({
    method: 'GET',
    path,
    accept: options.accept,
  })) {
    const line = JSON.parse(text) as Line;
    if (line.type === 'ERROR') throw statusToError(line.object);
    yield line;
  }
}

function tableShow(session: Session, target: Target, options: WatchOutputOptions): Show {
  const widths: number[] = [];
  let columns: readonly TableColumn[] = [];
  let withHeader = options.headers;
  const style = {
    wide: options.format.kind === 'table' && options.format.wide,
    namePrefix: '',
    showNamespace: options.allNamespaces === true && target.resource.namespaced,
    showLabels: options.showLabels === true,
  };
  const print = (rows: NonNullable<Table['rows']>): void => {
    if (rows.length === 0) return;
    const cells = tableCells(columns, rows, style);
    const lines = withHeader ? [cells.header, ...cells.rows] : cells.rows;
    withHeader = false;
    session.context.stdout.write(alignLines(lines, widths));
  };
  return {
    accept: TABLE_ACCEPT,
    async start({ selection, initial }) {
      const table = await fetchTable(session, { ...target, names: [] }, selection);
      if (table.columns.length > 0) columns = table.columns;
      if (initial && table.rows.length === 0 && target.names.length > 0) {
        // Names the object in the error, as a plain get does.
        const { errors } = await fetchTable(session, target, {});
        if (errors.length > 0) throw errors[0];
      }
      if (initial) print(table.rows);
      return table.resourceVersion;
    },
    line(line) {
      const table = line.object as Table;
      if (table.columnDefinitions !== null && table.columnDefinitions.length > 0)
        columns = table.columnDefinitions;
      const rows = table.rows ?? [];
      if (line.type !== 'BOOKMARK') print(rows);
      return rows[0]?.object?.metadata.resourceVersion ?? table.metadata?.resourceVersion;
    },
  };
}

function objectShow(
  session: Session,
  target: Target,
  format: Exclude<OutputFormat, { kind: 'table' }>,
): Show {
  const { stdout } = session.context;
  const print = (object: Unstructured): void => {
    const shown = withoutManagedFields(object);
    if (format.kind === 'name') stdout.write(`${printedKind(target.resource)}/${object.metadata.name}\n`);
    else if (format.kind === 'jsonpath') stdout.write(format.render(shown));
    else stdout.write(format.kind === 'yaml' ? `---\n${toYaml(shown)}` : toJson(shown));
  };
  return {
    accept: 'application/json',
    async start({ selection, initial }) {
      const { items, resourceVersion } = await listObjects(session, target.resource, selection);
      if (initial) for (const item of items) print(item);
      return resourceVersion;
    },
    line(line) {
      const object = line.object as Unstructured;
      if (line.type !== 'BOOKMARK') print(object);
      return object.metadata.resourceVersion;
    },
  };
}
