import { queryString, resourcePath } from '#api/client/resource-path';
import { statusToError } from '#api/client/transport-error';
import { sleep } from '#api/machinery/clock';
import type { Unstructured } from '#api/machinery/meta';
import { isStatusError } from '#api/machinery/status-error';
import type { Status } from '#api/machinery/status-error';
import { printedKind } from './api-resource.ts';
import { listNamespace, listObjects, refTo } from './object-set.ts';
import type { Selection } from './object-set.ts';
import { toJson, toYaml, withoutManagedFields } from './object-text.ts';
import type { OutputFormat } from './object-text.ts';
import type { Session } from './session.ts';
import { alignLines, TABLE_ACCEPT, tableCells } from './table.ts';
import type { Table, TableColumn } from './table.ts';
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

/** What a shell gives a program that Ctrl-C ended. */
const INTERRUPTED = 130;
/** Between two watches, in milliseconds. */
const PAUSE_MS = 500;

/** Shows a target and each change of it until Ctrl-C; outlives restarts of the server. Returns the exit code. */
export async function watchTarget(
  session: Session,
  target: Target,
  options: WatchOutputOptions,
): Promise<number> {
  const [name] = target.names;
  const selection: Selection =
    name === undefined ? options : { ...options, fieldSelector: `metadata.name=${name}` };
  const show =
    options.format.kind === 'table'
      ? tableShow(session, target, options)
      : objectShow(session, target, options.format);
  const stop = new AbortController();
  const release = session.context.onInterrupt(() => stop.abort(new Error('interrupted')));
  try {
    await showChanges(session, target, { selection, show, initial: options.initial, signal: stop.signal });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    release();
  }
  return INTERRUPTED;
}

interface ShowOptions {
  selection: Selection;
  show: Show;
  initial: boolean;
  signal: AbortSignal;
}

/** Ends by the abort of the signal only, or by an error that trying again cannot mend. */
async function showChanges(session: Session, target: Target, options: ShowOptions): Promise<never> {
  const { selection, show, signal } = options;
  const position = { revision: await show.start({ selection, initial: options.initial }) };
  for (;;) {
    try {
      await showWatch(session, target, { ...options, position });
    } catch (error) {
      const expired = isStatusError(error, 'Expired') || isStatusError(error, 'Gone');
      if (!expired && !isStatusError(error, 'ServiceUnavailable')) throw error;
      if (expired) position.revision = await show.start({ selection, initial: false });
    }
    await sleep(session.context.clock, PAUSE_MS, signal);
  }
}

/** One watch, moving the position on. */
async function showWatch(
  session: Session,
  target: Target,
  options: ShowOptions & { position: { revision: string } },
): Promise<void> {
  const { selection, show, position, signal } = options;
  const path =
    resourcePath(target.resource, { namespace: listNamespace(session, target.resource, selection) }) +
    queryString({
      watch: true,
      resourceVersion: position.revision,
      labelSelector: selection.selector,
      fieldSelector: selection.fieldSelector,
    });
  const { transport } = session.connection;
  for await (const text of transport.lines({ method: 'GET', path, accept: show.accept, signal })) {
    const line = JSON.parse(text) as Line;
    if (line.type === 'ERROR') throw statusToError(line.object);
    position.revision = show.line(line) ?? position.revision;
  }
}

interface Show {
  accept: string;
  /** Lists, prints if wanted, and returns the revision. */
  start(options: { selection: Selection; initial: boolean }): Promise<string>;
  /** Prints a change and returns its revision. */
  line(line: Line): string | undefined;
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
  const { stdout, data } = session.context;
  const print = (object: Unstructured): void => {
    const shown = withoutManagedFields(object);
    if (format.kind === 'name') stdout.write(`${printedKind(target.resource)}/${object.metadata.name}\n`);
    else if (format.kind === 'jsonpath') data.write(format.render(shown));
    else data.write(format.kind === 'yaml' ? `---\n${toYaml(shown)}` : toJson(shown));
  };
  return {
    accept: 'application/json',
    async start({ selection, initial }) {
      const { items, resourceVersion } = await listObjects(session, target.resource, selection);
      const [name] = target.names;
      if (initial && name !== undefined && items.length === 0) {
        // Fails as a plain get does.
        await session.connection.client.get(target.resource, refTo(session, target.resource, name));
      }
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
