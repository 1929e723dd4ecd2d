import type { Database } from 'better-sqlite3';
import type { TaskMessage, TaskMessageInput } from '../../types/tasks/task-event.ts';
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
import type { AppendPlan, LogState, SourceState, TaskLogState } from '../task-log/plan-append.ts';
import { translated } from './errors.ts';
import { inTransaction } from './in-transaction.ts';
import { prepareKeyCheck } from './sqlite-encryption-tables.ts';

type Statements = ReturnType<typeof prepareStatements>;

/** Task logs in SQLite. */
export class SqliteTaskTables implements TaskTables {
  readonly #connection: Database;
  readonly #sql: Statements;
  readonly #checkKey: ReturnType<typeof prepareKeyCheck>;

  constructor(connection: Database) {
    this.#connection = connection;
    this.#checkKey = prepareKeyCheck(connection);
    this.#sql = prepareStatements(connection);
  }

  async appendTaskEvents(batches: readonly StoredTaskAppend[], key?: NewestKey): Promise<AppendOutcome[]> {
    const body = (): AppendOutcome[] => {
      this.#checkKey(key);
      return batches.map((batch) => this.#append(batch));
    };
    return translated(() => inTransaction(this.#connection, { begin: this.#sql.begin, body }));
  }

  async readTaskEvents({ taskUID, after, limit, maxBytes }: TaskEventsQuery): Promise<StoredTaskPage> {
    return translated(() => {
      const events: StoredTaskEvent[] = [];
      let bytes = 0;
      for (const row of this.#sql.events.iterate(taskUID, after, limit)) {
        const event = row as StoredTaskEvent;
        events.push(event);
        bytes += Buffer.byteLength(event.data);
        if (bytes >= maxBytes) break;
      }
      return { events, isFull: events.length >= limit || bytes >= maxBytes };
    });
  }

  async readTaskMessages({ taskUID, after, limit }: TaskLogQuery): Promise<TaskMessage[]> {
    return translated(() => this.#sql.messages.all(taskUID, after, limit) as TaskMessage[]);
  }

  async taskLogBounds(taskUID: string): Promise<TaskLogBounds> {
    const row = translated(() => this.#sql.bounds.get(taskUID) as TaskLogBounds | undefined);
    return row ?? { firstSeq: 1, lastSeq: 0 };
  }

  #append(batch: StoredTaskAppend): AppendOutcome {
    const plan = planAppend(batch, this.#stateOf(batch));
    if (plan.rows !== undefined) this.#write(batch, plan.rows);
    return plan.outcome;
  }

  #stateOf({ taskUID, source }: StoredTaskAppend): TaskLogState {
    const log = this.#sql.log.get(taskUID) as LogState | undefined;
    const known = (this.#sql.source.get(taskUID, source) as SourceState | undefined) ?? NEW_SOURCE;
    return {
      ...(log ?? { lastSeq: 0, lastMessageId: 0, purgedAt: 0 }),
      ...known,
      ...(isEventSeqUnknown(known) ? { lastSourceEventSeq: this.#searchLastEvent(taskUID, source) } : {}),
    };
  }

  #searchLastEvent(taskUID: string, source: string): number {
    const found = this.#sql.lastEvent.get(taskUID, source) as { seq: number } | undefined;
    return found?.seq ?? 0;
  }

  #write({ taskUID, source }: StoredTaskAppend, rows: NonNullable<AppendPlan['rows']>): void {
    for (const { seq, sourceSeq, time, type, data } of rows.events) {
      this.#sql.insertEvent.run(taskUID, seq, source, sourceSeq, time, type, data);
    }
    for (const message of rows.messages) this.#insertMessage(taskUID, { ...message, source });
    this.#sql.putLog.run(taskUID, rows.lastSeq, rows.lastMessageId);
    this.#sql.putSource.run(taskUID, source, rows.lastSourceSeq, rows.lastSourceEventSeq);
  }

  #insertMessage(taskUID: string, message: TaskMessageInput & { id: number; source: string }): void {
    const { id, source, role, content, time } = message;
    this.#sql.insertMessage.run(taskUID, id, source, role, content, time);
  }
}

function prepareStatements(db: Database) {
  return {
    begin: db.prepare('BEGIN IMMEDIATE'),
    log: db.prepare(
      `SELECT last_seq AS lastSeq, last_message_id AS lastMessageId, purged_at AS purgedAt
       FROM task_logs WHERE task_uid = ?`,
    ),
    bounds: db.prepare('SELECT first_seq AS firstSeq, last_seq AS lastSeq FROM task_logs WHERE task_uid = ?'),
    source: db.prepare(
      `SELECT last_source_seq AS lastSourceSeq, last_event_seq AS lastSourceEventSeq
       FROM task_sources WHERE task_uid = ? AND source = ?`,
    ),
    lastEvent: db.prepare(
      'SELECT seq FROM task_events WHERE task_uid = ? AND source = ? ORDER BY seq DESC LIMIT 1',
    ),
    insertEvent: db.prepare(
      'INSERT INTO task_events (task_uid, seq, source, source_seq, time, type, data) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    insertMessage: db.prepare(
      'INSERT INTO task_messages (task_uid, id, source, role, content, time) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    putLog: db.prepare(
      `INSERT INTO task_logs (task_uid, last_seq, last_message_id, purged_at) VALUES (?, ?, ?, 0)
       ON CONFLICT (task_uid) DO UPDATE SET last_seq = excluded.last_seq, last_message_id = excluded.last_message_id`,
    ),
    putSource: db.prepare(
      `INSERT INTO task_sources (task_uid, source, last_source_seq, last_event_seq) VALUES (?, ?, ?, ?)
       ON CONFLICT (task_uid, source)
       DO UPDATE SET last_source_seq = excluded.last_source_seq, last_event_seq = excluded.last_event_seq`,
    ),
    events: db.prepare(
      `SELECT seq, source, source_seq AS sourceSeq, time, type, data
       FROM task_events WHERE task_uid = ? AND seq > ? ORDER BY seq LIMIT ?`,
    ),
    messages: db.prepare(
      `SELECT id, source, role, content, time FROM task_messages WHERE task_uid = ? AND id > ? ORDER BY id LIMIT ?`,
    ),
  };
}
