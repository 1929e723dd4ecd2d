import type { TaskMessage } from '../../types/tasks/task-event.ts';
import { StorageError } from '../contract/storage-error.ts';
import type { TaskLogBounds, TaskLogQuery } from '../contract/task-log.ts';
import type {
  AppendOutcome,
  StoredTaskAppend,
  StoredTaskEvent,
  StoredTaskPage,
  TaskEventsQuery,
  TaskTables,
} from '../driver/task-tables.ts';
import type { NewestKey } from '../encryption/encryption-tables.ts';
import { isEventSeqUnknown, NEW_SOURCE, planAppend } from '../task-log/plan-append.ts';
import type { LogState, SourceState } from '../task-log/plan-append.ts';
import type { MysqlConnections, Session } from './connections.ts';
import { checkKey, holdKey } from './key-check.ts';
import { escapedBytes, rowGroups, rowList, sql } from './sql-text.ts';
import type { Sql, SqlValue } from './sql-text.ts';

/** What a transaction of appends writes, gathered over its batches. */
interface Rows {
  events: SqlValue[][];
  messages: SqlValue[][];
  logs: Map<string, [taskUID: string, lastSeq: number, lastMessageId: number, purgedAt: number]>;
  sources: Map<string, [taskUID: string, source: string, lastSourceSeq: number, lastEventSeq: number]>;
}

/** Task logs in MySQL or MariaDB. */
export class MysqlTaskTables implements TaskTables {
  readonly #connections: MysqlConnections;

  constructor(connections: MysqlConnections) {
    this.#connections = connections;
  }

  async appendTaskEvents(batches: readonly StoredTaskAppend[], key?: NewestKey): Promise<AppendOutcome[]> {
    return this.#connections.transaction(async (session) => {
      const uids = [...new Set(batches.map((batch) => batch.taskUID))].sort();
      const held = holdKey(key);
      const results = await session.query([
        sql`START TRANSACTION`,
        ...held,
        // Makes and locks the rows of the tasks, always in the same order, so two replicas cannot deadlock.
        sql`INSERT INTO task_logs (task_uid, last_seq, last_message_id, purged_at)
          VALUES ${rowList(uids.map((uid) => [uid, 0, 0, 0]))} ON DUPLICATE KEY UPDATE purged_at = purged_at`,
        sql`SELECT task_uid AS taskUID, last_seq AS lastSeq, last_message_id AS lastMessageId, purged_at AS purgedAt
          FROM task_logs WHERE task_uid IN (${uids})`,
        sql`SELECT task_uid AS taskUID, source, last_source_seq AS lastSourceSeq,
          last_event_seq AS lastSourceEventSeq FROM task_sources WHERE task_uid IN (${uids})`,
      ]);
      checkKey(key, results.slice(1, 1 + held.length));
      const [logs, sources] = results.slice(-2);
      const { outcomes, rows } = planAll(batches, {
        logs: logs as LogRow[],
        sources: await withEventSeqs(session, batches, sources as SourceRow[]),
      });
      await session.finish(this.#statements(rows));
      return outcomes;
    });
  }

  async readTaskEvents({ taskUID, after, limit, maxBytes }: TaskEventsQuery): Promise<StoredTaskPage> {
    // The sizes first, so that nobody holds more texts than those that are sent.
    const rows = await this.#connections
      .read(sql`SELECT seq, source, source_seq AS sourceSeq, time, type, data
      FROM task_events WHERE task_uid = ${taskUID} AND seq > ${after} AND seq <= (
        SELECT MAX(seq) FROM (
          SELECT seq, bytes, SUM(bytes) OVER (ORDER BY seq) AS total FROM (
            SELECT seq, LENGTH(data) AS bytes
            FROM task_events WHERE task_uid = ${taskUID} AND seq > ${after} ORDER BY seq LIMIT ${limit}
          ) AS sizes
        ) AS sums WHERE total - bytes < ${maxBytes}
      ) ORDER BY seq`);
    const events = rows as StoredTaskEvent[];
    const bytes = events.reduce((sum, { data }) => sum + Buffer.byteLength(data), 0);
    return { events, isFull: events.length >= limit || bytes >= maxBytes };
  }

  async readTaskMessages({ taskUID, after, limit }: TaskLogQuery): Promise<TaskMessage[]> {
    const rows = await this.#connections.read(sql`SELECT id, source, role, content, time
      FROM task_messages WHERE task_uid = ${taskUID} AND id > ${after} ORDER BY id LIMIT ${limit}`);
    return (rows as TaskMessage[]).map(({ id, source, role, content, time }) => ({
      id,
      source,
      role,
      content,
      time,
    }));
  }

  async taskLogBounds(taskUID: string): Promise<TaskLogBounds> {
    const [row] = await this.#connections.read(
      sql`SELECT first_seq AS firstSeq, last_seq AS lastSeq FROM task_logs WHERE task_uid = ${taskUID}`,
    );
    return (row as TaskLogBounds | undefined) ?? { firstSeq: 1, lastSeq: 0 };
  }

  /** @throws StorageError TooLarge before a packet is sent for which the server would close the connection */
  #statements(rows: Rows): Sql[] {
    const maxBytes = this.#connections.maxPacket - 4096;
    if ([...rows.events, ...rows.messages].some((row) => escapedBytes(row) > maxBytes)) {
      throw new StorageError('TooLarge', 'the event is larger than the database takes');
    }
    const inserts = [
      ...rowGroups(rows.events, maxBytes).map(
        (group) => sql`INSERT INTO task_events (task_uid, seq, source, source_seq, time, type, data)
          VALUES ${rowList(group)}`,
      ),
      ...rowGroups(rows.messages, maxBytes).map(
        (group) => sql`INSERT INTO task_messages (task_uid, id, source, role, content, time)
          VALUES ${rowList(group)}`,
      ),
    ];
    if (rows.logs.size === 0) return inserts;
    return [
      ...inserts,
      sql`INSERT INTO task_logs (task_uid, last_seq, last_message_id, purged_at)
        VALUES ${rowList([...rows.logs.values()])}
        ON DUPLICATE KEY UPDATE last_seq = VALUES(last_seq), last_message_id = VALUES(last_message_id)`,
      sql`INSERT INTO task_sources (task_uid, source, last_source_seq, last_event_seq)
        VALUES ${rowList([...rows.sources.values()])}
        ON DUPLICATE KEY UPDATE last_source_seq = VALUES(last_source_seq), last_event_seq = VALUES(last_event_seq)`,
    ];
  }
}

type LogRow = LogState & { taskUID: string };
type SourceRow = SourceState & { taskUID: string; source: string };

/** Searches for the numbers that rows from before the column lack, of the sources that append. */
async function withEventSeqs(
  session: Session,
  batches: readonly StoredTaskAppend[],
  rows: readonly SourceRow[],
): Promise<SourceRow[]> {
  const appending = new Set(batches.map((batch) => sourceKey(batch)));
  const result: SourceRow[] = [];
  for (const row of rows) {
    if (isEventSeqUnknown(row) && appending.has(sourceKey(row))) {
      const [found] = await session.query([
        sql`SELECT seq FROM task_events WHERE task_uid = ${row.taskUID} AND source = ${row.source}
          ORDER BY seq DESC LIMIT 1`,
      ]);
      const [last] = found as { seq: number }[];
      result.push({ ...row, lastSourceEventSeq: last?.seq ?? 0 });
    } else result.push(row);
  }
  return result;
}

/** Decides each append against the state that the ones before it leave. */
function planAll(
  batches: readonly StoredTaskAppend[],
  state: { logs: readonly LogRow[]; sources: readonly SourceRow[] },
): { outcomes: AppendOutcome[]; rows: Rows } {
  const logs = new Map(state.logs.map((log) => [log.taskUID, log]));
  const sources = new Map(state.sources.map((known): [string, SourceState] => [sourceKey(known), known]));
  const rows: Rows = { events: [], messages: [], logs: new Map(), sources: new Map() };
  const outcomes = batches.map((batch) => {
    const { taskUID, source } = batch;
    const log = logs.get(taskUID) ?? { taskUID, lastSeq: 0, lastMessageId: 0, purgedAt: 0 };
    const plan = planAppend(batch, { ...log, ...(sources.get(sourceKey(batch)) ?? NEW_SOURCE) });
    if (plan.rows !== undefined) {
      const { lastSeq, lastMessageId, lastSourceSeq, lastSourceEventSeq } = plan.rows;
      addRows(rows, batch, plan.rows);
      logs.set(taskUID, { taskUID, lastSeq, lastMessageId, purgedAt: 0 });
      sources.set(sourceKey(batch), { lastSourceSeq, lastSourceEventSeq });
      rows.logs.set(taskUID, [taskUID, lastSeq, lastMessageId, 0]);
      rows.sources.set(sourceKey(batch), [taskUID, source, lastSourceSeq, lastSourceEventSeq]);
    }
    return plan.outcome;
  });
  return { outcomes, rows };
}

function addRows(
  rows: Rows,
  { taskUID, source }: StoredTaskAppend,
  added: NonNullable<ReturnType<typeof planAppend>['rows']>,
): void {
  for (const { seq, sourceSeq, time, type, data } of added.events) {
    rows.events.push([taskUID, seq, source, sourceSeq, time, type, data]);
  }
  for (const { id, role, content, time } of added.messages) {
    rows.messages.push([taskUID, id, source, role, content, time]);
  }
}

const sourceKey = ({ taskUID, source }: { taskUID: string; source: string }): string =>
  `${taskUID}\0${source}`;
