import type { Database, Statement } from 'better-sqlite3';
import type { DeletedTask, DeletedTaskPlace, DeletedTaskQuery, PurgeQuery } from '../contract/retention.ts';
import type { RetentionTables } from '../driver/retention-tables.ts';
import { translated } from './errors.ts';
import { inTransaction } from './in-transaction.ts';

type Statements = ReturnType<typeof prepareStatements>;

/** Before every time, and after: the ends of the list of deleted Tasks. */
const FIRST: DeletedTaskPlace = { deletedAt: -1, uid: '' };
const LAST: DeletedTaskPlace = { deletedAt: Number.MAX_SAFE_INTEGER, uid: '' };

/** Retention in SQLite. */
export class SqliteRetention implements RetentionTables {
  readonly #connection: Database;
  readonly #sql: Statements;

  constructor(connection: Database) {
    this.#connection = connection;
    this.#sql = prepareStatements(connection);
  }

  async takeTurn(turn: Parameters<RetentionTables['takeTurn']>[0]): Promise<boolean> {
    return translated(() => this.#sql.takeTurn.run(turn).changes > 0);
  }

  async revisionAt(time: number): Promise<number> {
    const found = translated(() => this.#sql.revisionAt.get(time) as { revision: number | null });
    return found.revision ?? 0;
  }

  async deletedTasks({ namespace, since, before, limit }: DeletedTaskQuery): Promise<DeletedTask[]> {
    const page = { ...(before ?? LAST), since, limit, namespace: namespace ?? null };
    return translated(() => this.#sql.deletedTasks.all(page) as DeletedTask[]);
  }

  async deletedTask(uid: string): Promise<(DeletedTask & { body: string }) | undefined> {
    return translated(() => this.#sql.deletedTask.get(uid) as (DeletedTask & { body: string }) | undefined);
  }

  async limitDeletionTimes(now: number): Promise<void> {
    translated(() => this.#sql.limitTimes.run({ now }));
  }

  async purgeDeletedTask(query: PurgeQuery): Promise<{ at: DeletedTaskPlace; done: boolean } | undefined> {
    const { deletedUntil, after = FIRST, forgottenUntil, limit } = query;
    return this.#write(() => {
      const at = this.#sql.nextDeleted.get({ ...after, deletedUntil }) as DeletedTaskPlace | undefined;
      if (at === undefined) return undefined;
      if (this.#dropEvents(at.uid, limit)) return { at, done: false };
      const done = this.#deleteRows(at.uid, limit);
      if (done && at.deletedAt <= forgottenUntil) {
        for (const statement of this.#sql.forget) statement.run(at.uid);
      }
      return { at, done };
    });
  }

  async logsWithEvents(uids: readonly string[]): Promise<string[]> {
    return translated(() => uids.filter((uid) => this.#sql.hasEvents.get(uid) !== undefined));
  }

  async dropEvents({ taskUID, limit }: { taskUID: string; limit: number }): Promise<boolean> {
    return this.#write(() => !this.#dropEvents(taskUID, limit));
  }

  /** @returns false where there were none */
  #dropEvents(uid: string, limit: number): boolean {
    const log = this.#sql.log.get(uid) as { firstSeq: number; lastSeq: number } | undefined;
    if (log === undefined || log.firstSeq > log.lastSeq) return false;
    const next = Math.min(log.firstSeq + limit, log.lastSeq + 1);
    this.#sql.dropEvents.run(uid, next);
    this.#sql.setFirst.run(next, uid);
    return true;
  }

  /** Deletes at most `limit` rows beside the events. @returns whether that was all */
  #deleteRows(uid: string, limit: number): boolean {
    let left = limit;
    for (const statement of this.#sql.restOfLog) {
      left -= statement.run(uid, left).changes;
      if (left <= 0) return false;
    }
    return true;
  }

  #write<T>(body: () => T): T {
    return translated(() => inTransaction(this.#connection, { begin: this.#sql.begin, body }));
  }
}

const DELETED_TASK = 'task_uid AS uid, namespace, name, revision, deleted_at AS deletedAt';

function prepareStatements(db: Database) {
  return {
    begin: db.prepare('BEGIN IMMEDIATE'),
    takeTurn: db.prepare(
      `INSERT INTO progress (name, position) VALUES (@name, @now)
       ON CONFLICT (name) DO UPDATE SET position = @now WHERE position + @everyMs <= @now OR position > @now`,
    ),
    revisionAt: db.prepare('SELECT max(revision) AS revision FROM history_marks WHERE time <= ?'),
    deletedTasks: db.prepare(
      `SELECT ${DELETED_TASK} FROM deleted_tasks
       WHERE deleted_at > @since AND (@namespace IS NULL OR namespace = @namespace)
         AND (deleted_at, task_uid) < (@deletedAt, @uid)
       ORDER BY deleted_at DESC, task_uid DESC LIMIT @limit`,
    ),
    deletedTask: db.prepare(`SELECT ${DELETED_TASK}, body FROM deleted_tasks WHERE task_uid = ?`),
    limitTimes: db.prepare('UPDATE deleted_tasks SET deleted_at = @now WHERE deleted_at > @now'),
    nextDeleted: db.prepare(
      `SELECT task_uid AS uid, deleted_at AS deletedAt FROM deleted_tasks
       WHERE deleted_at <= @deletedUntil AND (deleted_at, task_uid) > (@deletedAt, @uid)
       ORDER BY deleted_at, task_uid LIMIT 1`,
    ),
    hasEvents: db.prepare(
      'SELECT 1 FROM task_logs WHERE task_uid = ? AND purged_at = 0 AND first_seq <= last_seq',
    ),
    log: db.prepare('SELECT first_seq AS firstSeq, last_seq AS lastSeq FROM task_logs WHERE task_uid = ?'),
    dropEvents: db.prepare('DELETE FROM task_events WHERE task_uid = ? AND seq < ?'),
    setFirst: db.prepare('UPDATE task_logs SET first_seq = ? WHERE task_uid = ?'),
    // What there is of a log beside its events.
    restOfLog: ['task_messages', 'task_sources'].map((table): Statement =>
      db.prepare(
        `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} WHERE task_uid = ? LIMIT ?)`,
      ),
    ),
    forget: ['task_logs', 'deleted_tasks'].map((table): Statement =>
      db.prepare(`DELETE FROM ${table} WHERE task_uid = ?`),
    ),
  };
}
