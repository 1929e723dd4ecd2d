import type { StorageKey } from './contract/objects.ts';
import type { HistoryRow, LogRow, ObjectRow, RevisionState, Tail } from './driver/revision-tables.ts';
import type { ColumnValue } from './encryption/encryption-tables.ts';

/** Rows as the drivers read them; the columns have the same names in every database. */

export interface RawKey {
  resource: string;
  namespace: string;
  name: string;
}

export interface RawObjectRow extends RawKey {
  revision: number;
  body: string;
}

export interface RawLogRow extends RawObjectRow {
  op: LogRow['op'];
  previousRevision: number;
  previousBody: string | null;
}

export interface RawTailRow extends RawLogRow {
  commitId: string;
}

export const keyOf = ({ resource, namespace, name }: RawKey): StorageKey => ({ resource, namespace, name });

export const objectRow = (row: RawObjectRow): ObjectRow => ({
  key: keyOf(row),
  revision: row.revision,
  body: row.body,
});

const loggedRow = (row: RawLogRow): Omit<LogRow, 'commitId'> => ({
  revision: row.revision,
  key: keyOf(row),
  op: row.op,
  previousRevision: row.previousRevision,
  body: row.op === 'delete' ? (row.previousBody ?? '') : row.body,
});

/** The tail after a revision, of the rows from that revision on. */
export function tailOf(
  raw: readonly RawTailRow[],
  { after, state }: { after: number; state: RevisionState },
): Tail {
  const rows = raw.map((row): LogRow => ({ ...loggedRow(row), commitId: row.commitId }));
  const anchor = rows[0]?.revision === after ? rows.shift() : undefined;
  return { anchor: anchor?.commitId, rows, state };
}

export const historyRow = (row: RawLogRow): HistoryRow => ({
  ...loggedRow(row),
  ...(row.previousBody === null ? {} : { previousBody: row.previousBody }),
});

/** A row of any table, by the names of its columns. */
export type RawRow = Record<string, ColumnValue>;

export const valuesOf = (row: RawRow, columns: readonly string[]): ColumnValue[] =>
  columns.map((column) => row[column] as ColumnValue);
