import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** One row. `checks` counts the writes of check(). */
export const revisionCounter = sqliteTable('revision_counter', {
  id: integer('id').primaryKey(),
  current: integer('current').notNull(),
  compacted: integer('compacted').notNull(),
  checks: integer('checks').notNull(),
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

/** The log. `op`: create, update or delete; the body of a delete is empty, its last state is the previous row. */
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
  },
  (table) => [index('revisions_by_resource').on(table.resource, table.revision)],
);

/** One row per Task with a log. `purgedAt`: the revision at which the Task was deleted, 0 while it lives. */
export const taskLogs = sqliteTable(
  'task_logs',
  {
    taskUid: text('task_uid').primaryKey(),
    lastSeq: integer('last_seq').notNull(),
    lastMessageId: integer('last_message_id').notNull(),
    purgedAt: integer('purged_at').notNull(),
  },
  (table) => [index('task_logs_by_purge').on(table.purgedAt)],
);

export const taskSources = sqliteTable(
  'task_sources',
  {
    taskUid: text('task_uid').notNull(),
    source: text('source').notNull(),
    lastSourceSeq: integer('last_source_seq').notNull(),
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
