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

/**
 * One row. Its lock serialises commits. `checks` counts the writes of check(), `keyGeneration` the changes of the
 * encryption keys: a commit encrypted under an older one is refused.
 */
export const revisionCounter = mysqlTable('revision_counter', {
  id: int('id').primaryKey(),
  current: revisionNumber('current').notNull(),
  compacted: revisionNumber('compacted').notNull(),
  checks: revisionNumber('checks').notNull(),
  keyGeneration: revisionNumber('key_generation').notNull().default(0),
});

/** Current objects; their bodies are in `revisions`, which keeps the newest one of every key. */
export const objects = mysqlTable(
  'objects',
  { ...key(), revision: revisionNumber('revision').notNull() },
  (table) => [primaryKey({ columns: [table.resource, table.namespace, table.name] })],
);

/**
 * The log. `op`: create, update or delete; the body of a delete is empty, its last state is the previous row.
 * `commitId`: of the transaction that gave the number out; after a fail-over that lost commits the same number comes
 * with another one.
 */
export const revisions = mysqlTable(
  'revisions',
  {
    revision: revisionNumber('revision').primaryKey(),
    ...key(),
    op: varbinary('op', { length: 6 }).notNull(),
    previousRevision: revisionNumber('previous_revision').notNull(),
    body: longblob('body').notNull(),
    commitId: varbinary('commit_id', { length: 40 }).notNull().default(''),
  },
  (table) => [index('revisions_by_resource').on(table.resource, table.revision)],
);

/** Which revision was the newest at a time, for a history of so many minutes. `time`: milliseconds since the epoch. */
export const historyMarks = mysqlTable('history_marks', {
  revision: revisionNumber('revision').primaryKey(),
  time: revisionNumber('time').notNull(),
});

/** How far work in the background got, by its name. */
export const progress = mysqlTable('progress', {
  name: varbinary('name', { length: 40 }).primaryKey(),
  position: revisionNumber('position').notNull(),
});

/** Data keys, each wrapped with a root key that is not in the database. `createdAt`: milliseconds since the epoch. */
export const encryptionKeys = mysqlTable('encryption_keys', {
  id: varbinary('id', { length: 64 }).primaryKey(),
  rootKeyId: varbinary('root_key_id', { length: 64 }).notNull(),
  wrapped: varbinary('wrapped', { length: 255 }).notNull(),
  createdAt: revisionNumber('created_at').notNull(),
});

/** The last states of deleted Tasks, while their logs are kept. `deletedAt`: milliseconds since the epoch. */
export const deletedTasks = mysqlTable(
  'deleted_tasks',
  {
    taskUid: taskUid().primaryKey(),
    namespace: varbinary('namespace', { length: 512 }).notNull(),
    name: varbinary('name', { length: 512 }).notNull(),
    revision: revisionNumber('revision').notNull(),
    deletedAt: revisionNumber('deleted_at').notNull(),
    body: longblob('body').notNull(),
  },
  (table) => [index('deleted_tasks_by_time').on(table.deletedAt)],
);

/**
 * One row per Task with a log. `purgedAt`: the revision at which the Task was deleted, 0 while it lives.
 * `firstSeq`: events before it have expired.
 */
export const taskLogs = mysqlTable(
  'task_logs',
  {
    taskUid: taskUid().primaryKey(),
    lastSeq: revisionNumber('last_seq').notNull(),
    lastMessageId: revisionNumber('last_message_id').notNull(),
    purgedAt: revisionNumber('purged_at').notNull(),
    firstSeq: revisionNumber('first_seq').notNull().default(1),
  },
  (table) => [index('task_logs_by_purge').on(table.purgedAt)],
);

/**
 * Where each source of a log stands. `lastEventSeq`: the log's number of the source's last event; 0 in rows from before
 * this column, whose number is searched for when it is asked for.
 */
export const taskSources = mysqlTable(
  'task_sources',
  {
    taskUid: taskUid(),
    source: source(),
    lastSourceSeq: revisionNumber('last_source_seq').notNull(),
    lastEventSeq: revisionNumber('last_event_seq').notNull().default(0),
  },
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
