import { createConnection, createPool } from 'mysql2/promise';
import type { Connection, Pool } from 'mysql2/promise';
import { StorageError } from '../contract.ts';
import { SESSION_SQL, connectionOptions } from './connection-options.ts';
import { isConnectionLost, isTransactionConflict, translateMysqlError } from './errors.ts';
import type { Sql } from './sql-text.ts';

const POOL_SIZE = 20;
/** A statement that takes longer has met a dead network or a dead server. Milliseconds. */
const STATEMENT_TIMEOUT_MS = 30_000;
/** Attempts of a transaction that was rolled back, or lost before it asked to commit. */
const ATTEMPTS = 3;

/** One transaction. Results are as mysql2 gives them: rows per statement. */
export interface Session {
  /** Statements that need an answer before the rest is known; sent as one packet. */
  query(statements: readonly Sql[]): Promise<unknown[][]>;
  /** The last statements and COMMIT. From here on a lost connection leaves the outcome unknown. */
  finish(statements: readonly Sql[]): Promise<void>;
}

/** The connections of one driver: a dedicated one that commits, and a bounded pool for the rest. */
export class MysqlConnections {
  readonly #url: string;
  readonly #pool: Pool;
  #committer: Promise<Connection> | undefined;
  #maxPacket = 1024 * 1024;

  constructor(url: string) {
    this.#url = url;
    this.#pool = createPool({
      ...connectionOptions(url),
      connectionLimit: POOL_SIZE,
      maxIdle: 4,
      idleTimeout: 60_000,
    });
    // First in the connection's queue, so it holds for every statement after it.
    this.#pool.pool.on('connection', (connection) => {
      connection.query(SESSION_SQL).on('error', () => connection.destroy());
    });
  }

  /** Bytes of the largest packet the server takes; known after the first commit connection was made. */
  get maxPacket(): number {
    return this.#maxPacket;
  }

  /** One reading statement; repeated once when the connection turns out to be gone. */
  async read(statement: Sql): Promise<unknown[]> {
    return attempt(2, isConnectionLost, async () => {
      const [rows] = await this.#pool.query({ sql: statement.text, timeout: STATEMENT_TIMEOUT_MS });
      return rows as unknown[];
    });
  }

  /** Several reading statements in one snapshot. */
  async readSnapshot(statements: readonly Sql[]): Promise<unknown[][]> {
    return attempt(2, isConnectionLost, async () => {
      const begin = [
        { text: 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ' },
        { text: 'START TRANSACTION WITH CONSISTENT SNAPSHOT' },
      ];
      const results = await send(this.#pool, [...begin, ...statements, { text: 'COMMIT' }]);
      return results.slice(begin.length, begin.length + statements.length);
    });
  }

  /** A transaction on the dedicated connection; calls must not overlap. */
  commit<T>(body: (session: Session) => Promise<T>): Promise<T> {
    return this.#transaction(body, {
      acquire: () => this.#committerConnection(),
      release: (connection, broken) => {
        if (!broken) return;
        this.#committer = undefined;
        connection.destroy();
      },
    });
  }

  /** A transaction on a connection of the pool. */
  transaction<T>(body: (session: Session) => Promise<T>): Promise<T> {
    return this.#transaction(body, {
      acquire: () => this.#pool.getConnection(),
      release: (connection, broken) => {
        if (broken) connection.destroy();
        else this.#pool.releaseConnection(connection as Awaited<ReturnType<Pool['getConnection']>>);
      },
    });
  }

  async close(): Promise<void> {
    const committer = await this.#committer?.catch(() => undefined);
    committer?.destroy();
    await this.#pool.end().catch(() => undefined); // connections that the server has closed already
  }

  async #transaction<T>(body: (session: Session) => Promise<T>, source: ConnectionSource): Promise<T> {
    let finishing = false;
    const mayRepeat = (error: unknown): boolean =>
      isTransactionConflict(error) || (isConnectionLost(error) && !finishing);
    return attempt(ATTEMPTS, mayRepeat, async () => {
      finishing = false;
      const connection = await source.acquire();
      const finish = (statements: readonly Sql[]): Promise<void> => {
        finishing = true;
        return this.#finish(connection, statements);
      };
      try {
        const result = await body({ query: (statements) => send(connection, statements), finish });
        source.release(connection, false);
        return result;
      } catch (error) {
        // Not reused after any error: closing it rolls back, whatever state it is in.
        source.release(connection, true);
        throw error;
      }
    });
  }

  /** Sends as much per packet as the server takes; COMMIT is in the last one. */
  async #finish(connection: Connection, statements: readonly Sql[]): Promise<void> {
    let packet: Sql[] = [];
    let size = 0;
    for (const statement of [...statements, { text: 'COMMIT' }]) {
      const bytes = Buffer.byteLength(statement.text) + 2;
      if (packet.length > 0 && size + bytes > this.#maxPacket - 1024) {
        await send(connection, packet);
        packet = [];
        size = 0;
      }
      packet.push(statement);
      size += bytes;
    }
    await send(connection, packet);
  }

  #committerConnection(): Promise<Connection> {
    this.#committer ??= this.#connectCommitter();
    return this.#committer;
  }

  async #connectCommitter(): Promise<Connection> {
    try {
      const connection = await createConnection(connectionOptions(this.#url));
      // A connection that dies while idle says so by an event, which would end the process if nobody listened.
      connection.on('error', () => {
        this.#committer = undefined;
      });
      await send(connection, [{ text: SESSION_SQL }]);
      const [rows] = await connection.query('SELECT @@max_allowed_packet AS size');
      this.#maxPacket = (rows as { size: number }[])[0]?.size ?? this.#maxPacket;
      return connection;
    } catch (error) {
      this.#committer = undefined;
      throw error;
    }
  }
}

interface ConnectionSource {
  acquire(): Promise<Connection>;
  release(connection: Connection, broken: boolean): void;
}

async function send(connection: Connection | Pool, statements: readonly Sql[]): Promise<unknown[][]> {
  const text = statements.map((statement) => statement.text).join('; ');
  const [results] = await connection.query({ sql: text, timeout: STATEMENT_TIMEOUT_MS });
  return statements.length === 1 ? [results as unknown[]] : (results as unknown[][]);
}

/** Runs the step up to `times` times while `mayRepeat` says so; what it finally throws is a StorageError. */
async function attempt<T>(
  times: number,
  mayRepeat: (error: unknown) => boolean,
  step: () => Promise<T>,
): Promise<T> {
  for (let left = times - 1; ; left--) {
    try {
      return await step();
    } catch (error) {
      if (left > 0 && !(error instanceof StorageError) && mayRepeat(error)) continue;
      throw translateMysqlError(error);
    }
  }
}
