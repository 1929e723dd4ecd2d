import { createConnection, createPool } from 'mysql2/promise';
import type { Connection, Pool } from 'mysql2/promise';
import { StorageError } from '../contract.ts';
import { SESSION_SQL, connectionOptions } from './connection-options.ts';
import { isConnectionLost, isTransactionConflict, translateMysqlError } from './errors.ts';
import type { Sql } from './sql-text.ts';

interface MysqlLimits {
  /** Bytes of the largest packet the server takes. */
  maxPacket: number;
  poolSize?: number;
  /** A statement that takes longer has met a dead network or a dead server. Milliseconds. */
  statementTimeoutMs?: number;
}
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
  readonly #timeoutMs: number;
  readonly #pool: Pool;
  #committer: Promise<Connection> | undefined;
  #maxPacket: number;

  constructor(url: string, { maxPacket, poolSize = 20, statementTimeoutMs = 30_000 }: MysqlLimits) {
    this.#url = url;
    this.#maxPacket = maxPacket;
    this.#timeoutMs = statementTimeoutMs;
    this.#pool = createPool({
      ...connectionOptions(url),
      connectionLimit: poolSize,
      maxIdle: 4,
      idleTimeout: 60_000,
    });
    // First in the connection's queue, so it holds for every statement after it.
    this.#pool.pool.on('connection', (connection) => {
      connection.query(SESSION_SQL).on('error', () => connection.destroy());
    });
  }

  /** Bytes of the largest packet the server takes. */
  get maxPacket(): number {
    return this.#maxPacket;
  }

  /** One reading statement; repeated once when the connection turns out to be gone. */
  async read(statement: Sql): Promise<unknown[]> {
    const [rows] = await this.#read([statement]);
    return rows ?? [];
  }

  /** Several reading statements in one packet, each with a snapshot of its own. */
  readAll(statements: readonly Sql[]): Promise<unknown[][]> {
    return this.#read(statements);
  }

  /** Several reading statements in one snapshot. */
  async readSnapshot(statements: readonly Sql[]): Promise<unknown[][]> {
    const begin = [
      { text: 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ' },
      { text: 'START TRANSACTION WITH CONSISTENT SNAPSHOT' },
    ];
    const results = await this.#read([...begin, ...statements, { text: 'COMMIT' }]);
    return results.slice(begin.length, begin.length + statements.length);
  }

  async #read(statements: readonly Sql[]): Promise<unknown[][]> {
    return attempt(2, isConnectionLost, async () => {
      const connection = await this.#pool.getConnection();
      try {
        const results = await this.#send(connection, statements);
        connection.release();
        return results;
      } catch (error) {
        // Not pool.query: it keeps the connection, which may be dead, or in a snapshot that has become old.
        connection.destroy();
        throw error;
      }
    });
  }

  /**
   * A transaction on the dedicated connection; calls must not overlap. The body is also run again when the connection
   * was lost after COMMIT was sent. It must find out then whether that happened, once it holds a lock that the lost
   * transaction had: the server gives it up only when that is over.
   */
  commit<T>(body: (session: Session, mayHaveCommitted: boolean) => Promise<T>): Promise<T> {
    return this.#transaction(body, {
      findsOut: true,
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
      findsOut: false,
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

  async #transaction<T>(
    body: (session: Session, mayHaveCommitted: boolean) => Promise<T>,
    source: ConnectionSource,
  ): Promise<T> {
    let finishing = false;
    let mayHaveCommitted = false;
    const mayRepeat = (error: unknown): boolean =>
      isTransactionConflict(error) || (isConnectionLost(error) && (source.findsOut || !finishing));
    return attempt(ATTEMPTS, mayRepeat, async () => {
      mayHaveCommitted ||= finishing;
      finishing = false;
      const connection = await source.acquire();
      const finish = (statements: readonly Sql[]): Promise<void> => {
        finishing = true;
        return this.#finish(connection, statements);
      };
      try {
        const query = (statements: readonly Sql[]): Promise<unknown[][]> =>
          this.#send(connection, statements);
        const result = await body({ query, finish }, mayHaveCommitted);
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
        await this.#send(connection, packet);
        packet = [];
        size = 0;
      }
      packet.push(statement);
      size += bytes;
    }
    await this.#send(connection, packet);
  }

  #committerConnection(): Promise<Connection> {
    if (this.#committer !== undefined) return this.#committer;
    const connecting = this.#connectCommitter(() => {
      // A late error of a connection that was replaced must not lose its successor.
      if (this.#committer === connecting) this.#committer = undefined;
    });
    this.#committer = connecting;
    return connecting;
  }

  async #connectCommitter(forget: () => void): Promise<Connection> {
    let connection: Connection | undefined;
    try {
      connection = await createConnection(connectionOptions(this.#url));
      // A connection that dies while idle says so by an event, which would end the process if nobody listened.
      connection.on('error', forget);
      await this.#send(connection, [{ text: SESSION_SQL }]);
      this.#maxPacket = await readMaxPacket(connection);
      return connection;
    } catch (error) {
      connection?.destroy();
      forget();
      throw error;
    }
  }

  async #send(connection: Connection, statements: readonly Sql[]): Promise<unknown[][]> {
    const text = statements.map((statement) => statement.text).join('; ');
    const [results] = await connection.query({ sql: text, timeout: this.#timeoutMs });
    return statements.length === 1 ? [results as unknown[]] : (results as unknown[][]);
  }
}

/** Bytes; an administrator may change it at any time, for the connections that come after. */
export async function readMaxPacket(connection: Connection): Promise<number> {
  const [rows] = await connection.query('SELECT @@max_allowed_packet AS size');
  return (rows as [{ size: number }])[0].size;
}

interface ConnectionSource {
  /** Whether the body finds out by itself if an earlier attempt was committed. */
  findsOut: boolean;
  acquire(): Promise<Connection>;
  release(connection: Connection, broken: boolean): void;
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
