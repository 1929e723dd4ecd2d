import type { Database } from 'better-sqlite3';

export type RevisionStatements = ReturnType<typeof prepareRevisionStatements>;

const LOG_COLUMNS = `r.revision, r.resource, r.namespace, r.name, r.op, r.previous_revision AS previousRevision,
  r.body, p.body AS previousBody`;

/** Every statement of SqliteRevisions, prepared once. */
export function prepareRevisionStatements(db: Database) {
  return {
    beginWrite: db.prepare('BEGIN IMMEDIATE'),
    beginRead: db.prepare('BEGIN'),
    state: db.prepare('SELECT current, compacted FROM revision_counter WHERE id = 1'),
    setCurrent: db.prepare('UPDATE revision_counter SET current = ? WHERE id = 1'),
    commitOf: db.prepare('SELECT commit_id AS commitId FROM revisions WHERE revision = ?'),
    bumpRevision: db.prepare(
      `UPDATE revision_counter SET current = max(current, @seen) + @gap, compacted = max(current, @seen) + @gap
       WHERE id = 1 AND compacted < @seen`,
    ),
    ...objectStatements(db),
    ...logStatements(db),
    markPurged: db.prepare(
      `INSERT INTO task_logs (task_uid, last_seq, last_message_id, purged_at) VALUES (?, 0, 0, ?)
       ON CONFLICT (task_uid) DO UPDATE SET purged_at = excluded.purged_at`,
    ),
    keepDeletedTask: db.prepare(
      `INSERT OR REPLACE INTO deleted_tasks (task_uid, namespace, name, revision, deleted_at, body)
       SELECT @uid, @namespace, @name, @revision, @time, body FROM revisions WHERE revision = @previousRevision`,
    ),
  };
}

function objectStatements(db: Database) {
  return {
    currentRevision: db.prepare(
      'SELECT revision FROM objects WHERE resource = ? AND namespace = ? AND name = ?',
    ),
    insertObject: db.prepare('INSERT INTO objects (resource, namespace, name, revision) VALUES (?, ?, ?, ?)'),
    updateObject: db.prepare(
      'UPDATE objects SET revision = ? WHERE resource = ? AND namespace = ? AND name = ?',
    ),
    deleteObject: db.prepare('DELETE FROM objects WHERE resource = ? AND namespace = ? AND name = ?'),
    snapshot: db.prepare(
      `SELECT o.resource, o.namespace, o.name, o.revision, r.body
       FROM objects o JOIN revisions r ON r.revision = o.revision`,
    ),
  };
}

function logStatements(db: Database) {
  return {
    insertRevision: db.prepare(
      `INSERT INTO revisions (revision, resource, namespace, name, op, previous_revision, body, commit_id)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    // Only a delete needs the row before it: its own body is empty.
    tail: db.prepare(
      `SELECT r.commit_id AS commitId, ${LOG_COLUMNS} FROM revisions r
       LEFT JOIN revisions p ON r.op = 'delete' AND p.revision = r.previous_revision
       WHERE r.revision >= ? ORDER BY r.revision LIMIT ?`,
    ),
    history: db.prepare(
      `SELECT ${LOG_COLUMNS} FROM revisions r LEFT JOIN revisions p ON p.revision = r.previous_revision
       WHERE r.resource = ? AND r.revision > ? AND r.revision <= ? ORDER BY r.revision LIMIT ?`,
    ),
  };
}
