/** A value of a row; texts are as stored, so what is encrypted stays encrypted. */
export type BackupValue = string | number;
export type BackupRow = readonly BackupValue[];

/**
 * What a backup holds, in the order in which it is written. The columns are those of the database, under its names.
 * Of objects only the newest state is kept, with its body out of `revisions`: history ends with a restore.
 */
export const BACKUP_TABLES = {
  encryption_keys: ['id', 'root_key_id', 'wrapped', 'created_at'],
  objects: ['resource', 'namespace', 'name', 'revision', 'body'],
  task_logs: ['task_uid', 'last_seq', 'last_message_id', 'purged_at', 'first_seq'],
  task_sources: ['task_uid', 'source', 'last_source_seq', 'last_event_seq'],
  task_events: ['task_uid', 'seq', 'source', 'source_seq', 'time', 'type', 'data'],
  task_messages: ['task_uid', 'id', 'source', 'role', 'content', 'time'],
  deleted_tasks: ['task_uid', 'namespace', 'name', 'revision', 'deleted_at', 'body'],
} as const;

export type BackupTable = keyof typeof BACKUP_TABLES;

export const BACKUP_TABLE_NAMES = Object.keys(BACKUP_TABLES) as BackupTable[];

/** What a restore empties beside the tables above. The counter's numbers are in the header. */
export const TABLES_WITHOUT_BACKUP = ['revisions', 'history_marks', 'progress'] as const;

/** Rows in the order of their keys, so that two backups of one state are alike. */
const KEYS: Record<BackupTable, number> = {
  encryption_keys: 1,
  objects: 3,
  task_logs: 1,
  task_sources: 2,
  task_events: 2,
  task_messages: 2,
  deleted_tasks: 1,
};

/** In the SQL of every driver. */
export function dumpStatement(table: BackupTable): string {
  const columns = BACKUP_TABLES[table];
  const order = columns
    .slice(0, KEYS[table])
    .map((column) => `t.${column}`)
    .join(', ');
  // A left join: an object without its body is to be noticed, not left out.
  const [body, join] =
    table === 'objects' ? ['r.body', ' LEFT JOIN revisions r ON r.revision = t.revision'] : ['t.body', ''];
  const selected = columns.map((column) => (column === 'body' ? body : `t.${column}`)).join(', ');
  return `SELECT ${selected} FROM ${table} t${join} ORDER BY ${order}`;
}

/** The state of a database at one revision, while others go on writing. To be disposed of. */
export interface Dump extends AsyncDisposable {
  readonly revision: number;
  readonly keyGeneration: number;
  /** In the order of the columns of BACKUP_TABLES. One table at a time. */
  rows(table: BackupTable): AsyncIterable<BackupRow>;
}
