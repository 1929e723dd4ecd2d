import type { BackupRow } from './backup-tables.ts';

/** Rows for one table of the database. */
export interface InsertRows {
  table: string;
  columns: readonly string[];
  rows: readonly BackupRow[];
}

/** What is in a database before a restore. */
export interface TargetContent {
  revision: number;
  objects: number;
  taskLogs: number;
  /** An earlier restore into it did not come to its end. */
  interrupted: boolean;
}

/** A database that is held for a restore: no server starts on it until it is disposed of. */
export interface RestoreTarget extends AsyncDisposable {
  content(): Promise<TargetContent>;
  /** Marks it as half restored, brings its tables to the newest schema and empties them. */
  begin(): Promise<void>;
  /** One transaction. */
  insert(rows: InsertRows): Promise<void>;
  /** One transaction: sets the counter and takes the mark away. */
  finish(counter: { revision: number; keyGeneration: number }): Promise<void>;
}
