import Database from 'better-sqlite3';
import { createConnection } from 'mysql2/promise';

/** The rows of a store's database, without the texts in them. */
export interface StoreTables {
  counter: { current: number; compacted: number }[];
  objects: (Key & { revision: number })[];
  /** In their order. */
  revisions: LogLine[];
  taskLogs: { uid: string; lastSeq: number; lastMessageId: number; purgedAt: number }[];
  taskSources: { uid: string; source: string; lastSourceSeq: number; lastEventSeq: number }[];
  /** Ordered by seq. */
  taskEvents: { uid: string; seq: number; source: string; sourceSeq: number }[];
  /** Ordered by id. */
  taskMessages: { uid: string; id: number }[];
}

export interface Key {
  resource: string;
  namespace: string;
  name: string;
}

export interface LogLine extends Key {
  revision: number;
  op: string;
  previousRevision: number;
  bytes: number;
}

const QUERIES: Record<keyof StoreTables, string> = {
  counter: 'SELECT current, compacted FROM revision_counter',
  objects: 'SELECT resource, namespace, name, revision FROM objects',
  revisions: `SELECT revision, resource, namespace, name, op, previous_revision AS previousRevision,
    LENGTH(body) AS bytes FROM revisions ORDER BY revision`,
  taskLogs: `SELECT task_uid AS uid, last_seq AS lastSeq, last_message_id AS lastMessageId, purged_at AS purgedAt
    FROM task_logs`,
  taskSources: `SELECT task_uid AS uid, source, last_source_seq AS lastSourceSeq, last_event_seq AS lastEventSeq
    FROM task_sources`,
  taskEvents: 'SELECT task_uid AS uid, seq, source, source_seq AS sourceSeq FROM task_events ORDER BY seq',
  taskMessages: 'SELECT task_uid AS uid, id FROM task_messages ORDER BY id',
};

/** All tables in one snapshot. A database of SQLite must not be served meanwhile. */
export async function readStoreTables(url: string): Promise<StoreTables> {
  const names = Object.keys(QUERIES) as (keyof StoreTables)[];
  const results = await read(
    url,
    names.map((name) => QUERIES[name]),
  );
  return Object.fromEntries(names.map((name, i) => [name, results[i]])) as unknown as StoreTables;
}

/** The log of a resource, in its order. The body of a deletion is empty. */
export async function readLog(
  url: string,
  resource: string,
): Promise<{ revision: number; name: string; op: string; body: string }[]> {
  const [rows] = await read(url, [
    'SELECT revision, resource, name, op, body FROM revisions ORDER BY revision',
  ]);
  const lines = rows as { revision: number; resource: string; name: string; op: string; body: string }[];
  return lines.filter((line) => line.resource === resource);
}

function read(url: string, queries: readonly string[]): unknown[][] | Promise<unknown[][]> {
  return url.startsWith('sqlite:')
    ? readSqlite(url.slice('sqlite:'.length), queries)
    : readMysql(url, queries);
}

function readSqlite(file: string, queries: readonly string[]): unknown[][] {
  const connection = new Database(file);
  try {
    return connection.transaction(() => queries.map((query) => connection.prepare(query).all()))();
  } finally {
    connection.close();
  }
}

async function readMysql(url: string, queries: readonly string[]): Promise<unknown[][]> {
  const connection = await createConnection({
    uri: url,
    typeCast: (field, next) =>
      ['VAR_STRING', 'BLOB'].includes(field.type) ? (field.buffer()?.toString('utf8') ?? null) : next(),
  });
  try {
    await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    await connection.query('START TRANSACTION WITH CONSISTENT SNAPSHOT');
    const results: unknown[][] = [];
    for (const query of queries) results.push((await connection.query(query))[0] as unknown[]);
    return results;
  } finally {
    connection.destroy();
  }
}
