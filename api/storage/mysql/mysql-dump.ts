import type { Connection } from 'mysql2';
import { dumpStatement } from '../backup/backup-tables.ts';
import type { BackupRow, BackupTable, Dump } from '../backup/backup-tables.ts';
import type { HeldSnapshot, MysqlConnections } from './connections.ts';
import { translateMysqlError } from './errors.ts';
import { sql } from './sql-text.ts';

/** Rows that are read ahead of whoever takes them. */
const ROWS_AHEAD = 32;

/** One snapshot of InnoDB; the server keeps what others replace meanwhile until it is disposed of. */
export async function dumpMysql(connections: MysqlConnections): Promise<Dump> {
  const snapshot = await connections.holdSnapshot(
    sql`SELECT current AS revision, key_generation AS keyGeneration FROM revision_counter WHERE id = 1`,
  );
  const [counter] = snapshot.rows as Pick<Dump, 'keyGeneration' | 'revision'>[];
  if (counter === undefined) throw new Error('the revision counter is missing');
  return {
    ...counter,
    rows: (table) => rowsOf(snapshot, table),
    async [Symbol.asyncDispose]() {
      snapshot.release();
    },
  };
}

/** Read as they are taken: the server waits meanwhile, and no timeout of a statement holds. */
async function* rowsOf({ connection }: HeldSnapshot, table: BackupTable): AsyncGenerator<BackupRow> {
  // Only the connection that a promising one wraps has streams; its type does not say that it is there.
  const { connection: inner } = connection as unknown as { connection: Connection };
  const query = inner.query({ sql: dumpStatement(table), rowsAsArray: true });
  try {
    for await (const row of query.stream({ highWaterMark: ROWS_AHEAD })) yield row as BackupRow;
  } catch (error) {
    throw translateMysqlError(error);
  }
}
