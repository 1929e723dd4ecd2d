import { bigint, customType, index, int, mysqlTable, primaryKey, varbinary } from 'drizzle-orm/mysql-core';

/**
 * Names are VARBINARY: they compare and sort by their bytes, case and trailing spaces count. Texts are LONGBLOB:
 * the JSON type would reorder keys and change numbers. Both hold UTF-8.
 */
const longblob = customType<{ data: Buffer }>({ dataType: () => 'longblob' });

const revisionNumber = (name: string) => bigint(name, { mode: 'number', unsigned: true });
const key = () => ({
  resource: varbinary('resource', { length: 255 }).notNull(),
  namespace: varbinary('namespace', { length: 512 }).notNull(),
  name: varbinary('name', { length: 512 }).notNull(),
});
const taskUid = () => varbinary('task_uid', { length: 64 }).notNull();
const source = () => varbinary('source', { length: 255 }).notNull();

/** One row. Its lock serialises commits; `checks` counts the writes of check(). */
export const revisionCounter = mysqlTable('revision_counter', {
  id: int('id').primaryKey(),
  current: revisionNumber('current').notNull(),
  compacted: revisionNumber('compacted').notNull(),
  checks: revisionNumber('checks').notNull(),
});

/** Current objects; their bodies are in `revisions`, which keeps the newest one of every key. */
export const objects = mysqlTable(
  'objects',
  { ...key(), revision: revisionNumber('revision').notNull() },
  (table) => [primaryKey({ columns: [table.resource, table.namespace, table.name] })],
);

/** The log. `op`: create, update or delete; the body of a delete is empty, its last state is the previous row. */
export const revisions = mysqlTable(
  'revisions',
  {
    revision: revisionNumber('revision').primaryKey(),
    ...key(),
    op: varbinary('op', { length: 6 }).notNull(),
    previousRevision: revisionNumber('previous_revision').notNull(),
    body: longblob('body').notNull(),
  },
  (table) => [index('revisions_by_resource').on(table.resource, table.revision)],
);

/** One row per Task with a log. `purgedAt`: the revision at which the Task was deleted, 0 while it lives. */
export const taskLogs = mysqlTable(
  'task_logs',
  {
    taskUid: taskUid().primaryKey(),
    lastSeq: revisionNumber('last_seq').notNull(),
    lastMessageId: revisionNumber('last_message_id').notNull(),
    purgedAt: revisionNumber('purged_at').notNull(),
  },
  (table) => [index('task_logs_by_purge').on(table.purgedAt)],
);

export const taskSources = mysqlTable(
  'task_sources',
  { taskUid: taskUid(), source: source(), lastSourceSeq: revisionNumber('last_source_seq').notNull() },
  (table) => [primaryKey({ columns: [table.taskUid, table.source] })],
);

/** `data` is JSON text. */
export const taskEvents = mysqlTable(
  'task_events',
  {
    taskUid: taskUid(),
    seq: revisionNumber('seq').notNull(),
    source: source(),
    sourceSeq: revisionNumber('source_seq').notNull(),
    time: varbinary('time', { length: 40 }).notNull(),
    type: varbinary('type', { length: 40 }).notNull(),
    data: longblob('data').notNull(),
  },
  (table) => [primaryKey({ columns: [table.taskUid, table.seq] })],
);

export const taskMessages = mysqlTable(
  'task_messages',
  {
    taskUid: taskUid(),
    id: revisionNumber('id').notNull(),
    source: source(),
    role: varbinary('role', { length: 20 }).notNull(),
    content: longblob('content').notNull(),
    time: varbinary('time', { length: 40 }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.taskUid, table.id] })],
);
