import type { Dump } from '../backup/backup-tables.ts';
import type { HistoryTables } from '../compaction/history-tables.ts';
import type { EncryptionTables } from '../encryption/encryption-tables.ts';
import type { RetentionTables } from './retention-tables.ts';
import type { RevisionTables } from './revision-tables.ts';
import type { TaskTables } from './task-tables.ts';

/** Counts of connections, and of calls that wait for one. */
export interface PoolFigures {
  open: number;
  inUse: number;
  waiting: number;
  limit: number;
}

/** One open database. Vendor errors come out as StorageError (Unavailable, Full, TooLarge). */
export interface Driver {
  readonly revisions: RevisionTables;
  readonly tasks: TaskTables;
  readonly history: HistoryTables;
  readonly encryption: EncryptionTables;
  readonly retention: RetentionTables;
  /** True when other processes may write too, so memory has to follow the log. */
  readonly shared: boolean;
  /** Of the connections for reads and short transactions; absent where there is no pool. */
  pool?: () => PoolFigures;
  /** Writes and reads one row. */
  check(): Promise<void>;
  /** Everything as it is stored, at one revision. */
  dump(signal: AbortSignal): Promise<Dump>;
  close(): Promise<void>;
}
