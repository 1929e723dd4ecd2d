import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/**
 * One row. `checks` counts the writes of check(), `keyGeneration` the changes of the encryption keys: a commit
 * encrypted under an older one is refused.
 */
export const revisionCounter = sqliteTable('revision_counter', {
  id: integer('id').primaryKey(),
  current: integer('current').notNull(),
  compacted: integer('compacted').notNull(),
  checks: integer('checks').notNull(),
  keyGeneration: integer('key_generation').notNull().default(0),
});

/** Current objects; their bodies are in `revisions`, which keeps the newest one of every key. */
export const objects = sqliteTable(
  'objects',
  {
    resource: text('resource').notNull(),
    namespace: text('namespace').notNull(),
    name: text('name').notNull(),
    revision: integer('revision').notNull(),
  },
  (table) => [primaryKey({ columns: [table.resource, table.namespace, table.name] })],
);

/**
 * The log. `op`: create, update or delete; the body of a delete is empty, its last state is the previous row.
 * `commitId`: of the transaction that gave the number out.
 */
export const revisions = sqliteTable(
  'revisions',
  {
    revision: integer('revision').primaryKey(),
    resource: text('resource').notNull(),
    namespace: text('namespace').notNull(),
    name: text('name').notNull(),
    op: text('op').notNull(),
    previousRevision: integer('previous_revision').notNull(),
    body: text('body').notNull(),
    commitId: text('commit_id').notNull().default(''),
  },
  (table) => [index('revisions_by_resource').on(table.resource, table.revision)],
);

/** Which revision was the newest at a time, for a history of so many minutes. `time`: milliseconds since the epoch. */
export const historyMarks = sqliteTable('history_marks', {
  revision: integer('revision').primaryKey(),
  time: integer('time').notNull(),
});

/** How far work in the background got, by its name. */
export const progress = sqliteTable('progress', {
  name: text('name').primaryKey(),
  position: integer('position').notNull(),
});

/** Data keys, each wrapped with a root key that is not in the database. `createdAt`: milliseconds since the epoch. */
export const encryptionKeys = sqliteTable('encryption_keys', {
  id: text('id').primaryKey(),
  rootKeyId: text('root_key_id').notNull(),
  wrapped: text('wrapped').notNull(),
  createdAt: integer('created_at').notNull(),
});

/** The last states of deleted Tasks, while their logs are kept. `deletedAt`: milliseconds since the epoch. */
export const deletedTasks = sqliteTable(
  'deleted_tasks',
  {
    taskUid: text('task_uid').primaryKey(),
    namespace: text('namespace').notNull(),
    name: text('name').notNull(),
    revision: integer('revision').notNull(),
    deletedAt: integer('deleted_at').notNull(),
    body: text('body').notNull(),
  },
  (table) => [index('deleted_tasks_by_time').on(table.deletedAt)],
);

/**
 * One row per Task with a log. `purgedAt`: the revision at which the Task was deleted, 0 while it lives.
 * `firstSeq`: events before it have expired.
 */
export const taskLogs = sqliteTable(
  'task_logs',
  {
    taskUid: text('task_uid').primaryKey(),
    lastSeq: integer('last_seq').notNull(),
    lastMessageId: integer('last_message_id').notNull(),
    purgedAt: integer('purged_at').notNull(),
    firstSeq: integer('first_seq').notNull().default(1),
  },
  (table) => [index('task_logs_by_purge').on(table.purgedAt)],
);

/**
 * Where each source of a log stands. `lastEventSeq`: the log's number of the source's last event; 0 in rows from before
 * this column, whose number is searched for when it is asked for.
 */
export const taskSources = sqliteTable(
  'task_sources',
  {
    taskUid: text('task_uid').notNull(),
    source: text('source').notNull(),
    lastSourceSeq: integer('last_source_seq').notNull(),
    lastEventSeq: integer('last_event_seq').notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.taskUid, table.source] })],
);

/** `data` is JSON text. */
export const taskEvents = sqliteTable(
  'task_events',
  {
    taskUid: text('task_uid').notNull(),
    seq: integer('seq').notNull(),
    source: text('source').notNull(),
    sourceSeq: integer('source_seq').notNull(),
    time: text('time').notNull(),
    type: text('type').notNull(),
    data: text('data').notNull(),
  },
  (table) => [primaryKey({ columns: [table.taskUid, table.seq] })],
);

export const taskMessages = sqliteTable(
  'task_messages',
  {
    taskUid: text('task_uid').notNull(),
    id: integer('id').notNull(),
    source: text('source').notNull(),
    role: text('role').notNull(),
    content: text('content').notNull(),
    time: text('time').notNull(),
  },
  (table) => [primaryKey({ columns: [table.taskUid, table.id] })],
);
