import type { DeletedTask, DeletedTaskPlace, DeletedTaskQuery, PurgeQuery } from '../contract/retention.ts';
import type { RetentionTables } from '../driver/retention-tables.ts';
import type { MysqlConnections, Session } from './connections.ts';
import { sql } from './sql-text.ts';
import type { Sql } from './sql-text.ts';

const DELETED_TASK = sql`task_uid AS uid, namespace, name, revision, deleted_at AS deletedAt`;

/** Retention in MySQL or MariaDB. */
export class MysqlRetention implements RetentionTables {
  readonly #connections: MysqlConnections;

  constructor(connections: MysqlConnections) {
    this.#connections = connections;
  }

  takeTurn({ name, now, everyMs }: Parameters<RetentionTables['takeTurn']>[0]): Promise<boolean> {
    return this.#connections.transaction(async (session) => {
      const [, , rows] = await session.query([
        sql`START TRANSACTION`,
        sql`INSERT IGNORE INTO progress (name, position) VALUES (${name}, 0)`,
        sql`SELECT position FROM progress WHERE name = ${name} FOR UPDATE`,
      ]);
      const { position } = (rows as [{ position: number }])[0];
      const isMine = position + everyMs <= now || position > now;
      await session.finish(isMine ? [sql`UPDATE progress SET position = ${now} WHERE name = ${name}`] : []);
      return isMine;
    });
  }

  async revisionAt(time: number): Promise<number> {
    const rows = await this.#connections.read(
      sql`SELECT MAX(revision) AS revision FROM history_marks WHERE time <= ${time}`,
    );
    return (rows as [{ revision: number | null }])[0].revision ?? 0;
  }

  async deletedTasks({ namespace, since, before, limit }: DeletedTaskQuery): Promise<DeletedTask[]> {
    const within = namespace === undefined ? sql`TRUE` : sql`namespace = ${namespace}`;
    const page =
      before === undefined
        ? sql`TRUE`
        : sql`(deleted_at < ${before.deletedAt} OR (deleted_at = ${before.deletedAt} AND task_uid < ${before.uid}))`;
    const rows = await this.#connections.read(sql`SELECT ${DELETED_TASK} FROM deleted_tasks
      WHERE deleted_at > ${since} AND ${within} AND ${page}
      ORDER BY deleted_at DESC, task_uid DESC LIMIT ${limit}`);
    return rows as DeletedTask[];
  }

  async deletedTask(uid: string): Promise<(DeletedTask & { body: string }) | undefined> {
    const [row] = await this.#connections.read(
      sql`SELECT ${DELETED_TASK}, body FROM deleted_tasks WHERE task_uid = ${uid}`,
    );
    return row as (DeletedTask & { body: string }) | undefined;
  }

  async limitDeletionTimes(now: number): Promise<void> {
    await this.#connections.transaction((session) =>
      session.finish([sql`UPDATE deleted_tasks SET deleted_at = ${now} WHERE deleted_at > ${now}`]),
    );
  }

  purgeDeletedTask(query: PurgeQuery): Promise<{ at: DeletedTaskPlace; done: boolean } | undefined> {
    const { deletedUntil, after, forgottenUntil, limit } = query;
    const page =
      after === undefined
        ? sql`TRUE`
        : sql`(deleted_at > ${after.deletedAt} OR (deleted_at = ${after.deletedAt} AND task_uid > ${after.uid}))`;
    return this.#connections.transaction(async (session) => {
      // What another replica is at is left to it.
      const [, found] = await session.query([
        sql`START TRANSACTION`,
        sql`SELECT task_uid AS uid, deleted_at AS deletedAt FROM deleted_tasks
          WHERE deleted_at <= ${deletedUntil} AND ${page}
          ORDER BY deleted_at, task_uid LIMIT 1 FOR UPDATE SKIP LOCKED`,
      ]);
      const at = (found as DeletedTaskPlace[])[0];
      if (at === undefined) {
        await session.finish([]);
        return undefined;
      }
      if (await dropEvents(session, at.uid, limit)) {
        await session.finish([]);
        return { at, done: false };
      }
      const done = await deleteRows(session, restOfLog(at.uid), limit);
      await session.finish(done && at.deletedAt <= forgottenUntil ? forget(at.uid) : []);
      return { at, done };
    });
  }

  async logsWithEvents(uids: readonly string[]): Promise<string[]> {
    if (uids.length === 0) return [];
    const rows = await this.#connections.read(sql`SELECT task_uid AS uid FROM task_logs
      WHERE task_uid IN (${uids}) AND purged_at = 0 AND first_seq <= last_seq`);
    return (rows as { uid: string }[]).map(({ uid }) => uid);
  }

  dropEvents({ taskUID, limit }: { taskUID: string; limit: number }): Promise<boolean> {
    return this.#connections.transaction(async (session) => {
      await session.query([sql`START TRANSACTION`]);
      const isDropped = await dropEvents(session, taskUID, limit);
      await session.finish([]);
      return !isDropped;
    });
  }
}

/** @returns false where there were none */
async function dropEvents(session: Session, uid: string, limit: number): Promise<boolean> {
  const [found] = await session.query([
    sql`SELECT first_seq AS firstSeq, last_seq AS lastSeq FROM task_logs WHERE task_uid = ${uid}`,
  ]);
  const { firstSeq, lastSeq } = (found as { firstSeq: number; lastSeq: number }[])[0] ?? NO_EVENTS;
  if (firstSeq > lastSeq) return false;
  const next = Math.min(firstSeq + limit, lastSeq + 1);
  await session.query([
    sql`DELETE FROM task_events WHERE task_uid = ${uid} AND seq >= ${firstSeq} AND seq < ${next}`,
    sql`UPDATE task_logs SET first_seq = ${next} WHERE task_uid = ${uid} AND first_seq < ${next}`,
  ]);
  return true;
}

const NO_EVENTS = { firstSeq: 1, lastSeq: 0 };

/** What there is of a log beside its events. */
const restOfLog = (uid: string): Sql[] => [
  sql`task_messages WHERE task_uid = ${uid} ORDER BY id`,
  sql`task_sources WHERE task_uid = ${uid} ORDER BY source`,
];

const forget = (uid: string): Sql[] => [
  sql`DELETE FROM task_logs WHERE task_uid = ${uid} AND purged_at > 0`,
  sql`DELETE FROM deleted_tasks WHERE task_uid = ${uid}`,
];

/** Deletes at most `limit` rows. @returns whether that was all */
async function deleteRows(session: Session, rows: readonly Sql[], limit: number): Promise<boolean> {
  let left = limit;
  for (const where of rows) {
    const [result] = await session.query([sql`DELETE FROM ${where} LIMIT ${left}`]);
    left -= (result as unknown as { affectedRows: number }).affectedRows;
    if (left <= 0) return false;
  }
  return true;
}
