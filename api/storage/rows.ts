import type { TaskEvent, TaskEventType } from '../machinery/task-event.ts';
import type { HistoryRow, LogRow, ObjectRow, RevisionState, StorageKey, Tail } from './contract.ts';

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

/** A row of the counter with a row of the log beside it; without one, `revision` is null. */
export type RawTailRow = RevisionState & (({ commitId: string } & RawLogRow) | { revision: null });

export interface RawTaskEvent {
  seq: number;
  source: string;
  sourceSeq: number;
  time: string;
  type: TaskEventType;
  data: string;
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
export function tailOf(raw: readonly RawTailRow[], after: number): Tail {
  const [first] = raw;
  if (first === undefined) throw new Error('the revision counter is missing');
  let anchor: string | undefined;
  const rows: LogRow[] = [];
  for (const row of raw) {
    if (row.revision === null) continue;
    if (row.revision === after) anchor = row.commitId;
    else rows.push({ ...loggedRow(row), commitId: row.commitId });
  }
  return { anchor, rows, state: { current: first.current, compacted: first.compacted } };
}

export const historyRow = (row: RawLogRow): HistoryRow => ({
  ...loggedRow(row),
  ...(row.previousBody === null ? {} : { previousBody: row.previousBody }),
});

export const taskEvent = ({ seq, source, sourceSeq, time, type, data }: RawTaskEvent): TaskEvent => ({
  seq,
  source,
  sourceSeq,
  time,
  type,
  data: JSON.parse(data) as Record<string, unknown>,
});
