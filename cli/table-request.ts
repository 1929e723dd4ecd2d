import { queryString, resourcePath } from '#api/client/resource-path';
import { isStatusError } from '#api/machinery/status-error';
import { listNamespace, refTo } from './object-set.ts';
import type { Selection } from './object-set.ts';
import type { Session } from './session.ts';
import { TABLE_ACCEPT } from './table.ts';
import type { Table, TableColumn, TableRow } from './table.ts';
import type { Target } from './targets.ts';

export interface FetchedTable {
  columns: readonly TableColumn[];
  rows: TableRow[];
  resourceVersion: string;
  /** Of the names that could not be read. */
  errors: unknown[];
}

/** What the server makes of a target for people: all names, or every page of a list. */
export async function fetchTable(
  session: Session,
  target: Target,
  flags: Selection & { ignoreNotFound?: boolean },
): Promise<FetchedTable> {
  const table: FetchedTable = { columns: [], rows: [], resourceVersion: '', errors: [] };
  if (target.names.length === 0) {
    for (let token: string | undefined; ;) {
      token = addPart(table, await requestTable(session, listPath(session, target, { ...flags, token })));
      if (token === '') return table;
    }
  }
  for (const name of target.names) {
    try {
      const path = resourcePath(target.resource, refTo(session, target.resource, name));
      addPart(table, await requestTable(session, path));
    } catch (error) {
      if (!(flags.ignoreNotFound === true && isStatusError(error, 'NotFound'))) table.errors.push(error);
    }
  }
  return table;
}

function listPath(
  session: Session,
  target: Target,
  flags: Selection & { token: string | undefined },
): string {
  const { resource } = target;
  return (
    resourcePath(resource, { namespace: listNamespace(session, resource, flags) }) +
    queryString({
      labelSelector: flags.selector,
      fieldSelector: flags.fieldSelector,
      limit: 500,
      continue: flags.token,
    })
  );
}

async function requestTable(session: Session, path: string): Promise<Table> {
  const answer = await session.connection.transport.send({ method: 'GET', path, accept: TABLE_ACCEPT });
  return JSON.parse(answer.text) as Table;
}

/** Returns the token of the next page, empty for the last. */
function addPart(table: FetchedTable, part: Table): string {
  if (part.columnDefinitions !== null && part.columnDefinitions.length > 0) {
    table.columns = part.columnDefinitions;
  }
  table.rows.push(...(part.rows ?? []));
  table.resourceVersion = part.metadata?.resourceVersion ?? '';
  return part.metadata?.continue ?? '';
}
