import type { TaskEvent, TaskEventType } from '../machinery/task-event.ts';
import type { HistoryRow, LogRow, ObjectRow, StorageKey } from './contract.ts';

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

export const logRow = (row: RawLogRow): LogRow => ({
  revision: row.revision,
  key: keyOf(row),
  op: row.op,
  previousRevision: row.previousRevision,
  body: row.op === 'delete' ? (row.previousBody ?? '') : row.body,
});

export const historyRow = (row: RawLogRow): HistoryRow => ({
  ...logRow(row),
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
