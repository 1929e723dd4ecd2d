import type { Connection } from 'mysql2/promise';
import { setTimeout as delay } from 'node:timers/promises';
import { backOffDelay } from '../../machinery/back-off.ts';
import type { BackOff } from '../../machinery/back-off.ts';
import { StorageError } from '../contract/storage-error.ts';
import type { PoolFigures } from '../driver/driver.ts';
import { CommitConnection } from './commit-connection.ts';
import { ConnectionPool } from './connection-pool.ts';
import { connectionOptions } from './connection-options.ts';
import { Connector, READ_ONLY } from './connector.ts';
import {
  isAway,
  isConnectionLost,
  isTransactionConflict,
  readOnlyError,
  translateMysqlError,
} from './errors.ts';
import type { Sql } from './sql-text.ts';

export interface MysqlLimits {
  /** Connections at most, the one that commits included. */
  connections?: number;
  /** Bytes of the largest packet that is sent, if the server takes that much. */
  packetBytes?: number;
  /** Callers that may wait for a connection. */
  waiting?: number;
  /** A statement that takes longer has met a dead network or a dead server. Milliseconds. */
  statementTimeoutMs?: number;
  /** How long a call waits for a server that is away, and tries again what may be tried again. Milliseconds. */
  patienceMs?: number;
  /** How long a transaction waits for a lock that another holds: less than a statement may take. */
  lockWaitSeconds?: number;
  /** How long the server keeps the lock of a commit whose client it does not hear. */
  idleSeconds?: number;
}

export const DEFAULT_CONNECTIONS = 20;
/**
 * Every replica waits for a commit under way: a server that hangs must not hold them for long, and one that waits for
 * its disk must not be given up at once.
 */
const STATEMENT_TIMEOUT_MS = 10_000;
/** Every object at once: it grows with the store, and nobody waits for it but a start. */
const SNAPSHOT_TIMEOUT_MS = 300_000;
const WRITE_TIMEOUT_SECONDS = 600;
const PATIENCE_MS = 5_000;
/** As many as may follow the logs of Tasks, and look at them at the same moment. */
const WAITING = 20_000;
const IDLE_MS = 60_000;
/**
 * A host that vanished in the middle of a commit must not hold the lock of all replicas for the eight hours that are the
 * server's default.
 */
const IDLE_SECONDS = 15;
/** Between attempts; doubled up to the longest. */
const BACK_OFF: BackOff = { first: 5, max: 500, jitter: 0.5 };

/** One transaction. Results are as mysql2 gives them: rows per statement. */
export interface Session {
  /** Statements that need an answer before the rest is known; sent as one packet. */
  query(statements: readonly Sql[]): Promise<unknown[][]>;
  /** The last statements and COMMIT. From here on a lost connection leaves the outcome unknown. */
  finish(statements: readonly Sql[]): Promise<void>;
}

/** A snapshot for as long as it is needed, on a connection of its own. */
export interface HeldSnapshot {
  connection: Connection;
  /** Of the statement that it began with. */
  rows: unknown[];
  /** Closes the connection. */
  release(): void;
}

/** The connections of one driver: a dedicated one that commits, and a bounded pool for the rest. */
export class MysqlConnections {
  readonly #timeoutMs: number;
  readonly #patienceMs: number;
  readonly #packetBytes: number;
  readonly #connector: Connector;
  readonly #pool: ConnectionPool;
  readonly #committer: CommitConnection;

  constructor(url: string, limits: MysqlLimits = {}) {
    this.#timeoutMs = limits.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS;
    this.#patienceMs = limits.patienceMs ?? PATIENCE_MS;
    this.#packetBytes = limits.packetBytes ?? Number.POSITIVE_INFINITY;
    // Statements have their values in place: the client need not look through all of them for placeholders.
    const options = { ...connectionOptions(url), queryFormat: (text: string) => text };
    this.#connector = new Connector(options, limits.lockWaitSeconds);
    const connections = (limits.connections ?? DEFAULT_CONNECTIONS) - 1;
    this.#pool = new ConnectionPool(this.#connector, {
      connections,
      waiting: limits.waiting ?? WAITING,
      idleMs: IDLE_MS,
    });
    this.#committer = new CommitConnection({
      connector: this.#connector,
      send: (...sent) => this.#send(...sent),
      idleSeconds: limits.idleSeconds ?? IDLE_SECONDS,
    });
  }

  /** Bytes of the largest packet the server takes; known once a connection was opened. */
  get maxPacket(): number {
    return Math.min(this.#connector.maxPacket, this.#packetBytes);
  }

  get figures(): PoolFigures {
    return this.#pool.figures;
  }

  /** One reading statement. */
  async read(statement: Sql): Promise<unknown[]> {
    const [rows] = await this.readAll([statement]);
    return rows ?? [];
  }

  /** Several reading statements in one packet, each with a snapshot of its own. */
  readAll(statements: readonly Sql[]): Promise<unknown[][]> {
    return this.#read(statements, this.#timeoutMs);
  }

  /** Several reading statements in one snapshot. */
  async readSnapshot(statements: readonly Sql[]): Promise<unknown[][]> {
    const sent = [...BEGIN_SNAPSHOT, ...statements, { text: 'COMMIT' }];
    const results = await this.#read(sent, SNAPSHOT_TIMEOUT_MS);
    return results.slice(BEGIN_SNAPSHOT.length, -1);
  }

  holdSnapshot(first: Sql): Promise<HeldSnapshot> {
    return this.#attempt(async (until) => {
      const connection = await this.#pool.acquire(until);
      const release = (): void => this.#pool.release(connection, true);
      try {
        // A reader that takes its time must not make the server give up.
        const patient = { text: `SET SESSION net_write_timeout = ${WRITE_TIMEOUT_SECONDS}` };
        const results = await this.#sendChecked(connection, [patient, ...BEGIN_SNAPSHOT, first]);
        return { connection, rows: results.at(-1) ?? [], release };
      } catch (error) {
        release();
        throw error;
      }
    });
  }

  /**
   * A transaction on the dedicated connection; calls must not overlap. The body is also run again when the connection
   * was lost after COMMIT was sent. It must find out then whether that happened, once it holds a lock that the lost
   * transaction had: the server gives it up only when that is over.
   * @throws StorageError OutcomeUnknown where that could not be found out in time
   */
  async commit<T>(body: (session: Session, mayHaveCommitted: boolean) => Promise<T>): Promise<T> {
    let mayHaveCommitted = false;
    try {
      return await this.#attempt(async (until) => {
        const connection = await this.#committer.acquire(until);
        let sentCommit = false;
        const session = this.#session(connection, () => {
          sentCommit = true;
        });
        try {
          return await body(session, mayHaveCommitted);
        } catch (error) {
          mayHaveCommitted ||= sentCommit && isConnectionLost(error);
          this.#committer.giveUp();
          throw error;
        }
      });
    } catch (error) {
      if (!mayHaveCommitted || !isUnavailable(error)) throw error;
      const text = 'the database did not say in time whether the write happened';
      throw new StorageError('OutcomeUnknown', text, { cause: error });
    }
  }

  /**
   * A transaction on a connection of the pool. The body must be one that may be run again although it was committed:
   * that is done when the answer was lost.
   */
  transaction<T>(body: (session: Session) => Promise<T>): Promise<T> {
    return this.#attempt((until) => this.#withPooled(until, (connection) => body(this.#session(connection))));
  }

  close(): Promise<void> {
    this.#connector.close();
    this.#committer.giveUp();
    this.#pool.close();
    return Promise.resolve();
  }

  #read(statements: readonly Sql[], timeoutMs: number): Promise<unknown[][]> {
    return this.#attempt((until) =>
      this.#withPooled(until, (connection) => this.#sendChecked(connection, statements, timeoutMs)),
    );
  }

  async #withPooled<T>(until: number, use: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.#pool.acquire(until);
    let broken = true;
    try {
      const result = await use(connection);
      broken = false;
      return result;
    } finally {
      // Not reused after any error: closing it rolls back, whatever state it is in.
      this.#pool.release(connection, broken);
    }
  }

  /** The first packet also asks whether the server is the primary still. */
  #session(connection: Connection, onCommit?: () => void): Session {
    let checked = false;
    const query = (statements: readonly Sql[]): Promise<unknown[][]> => {
      if (checked) return this.#send(connection, statements);
      checked = true;
      return this.#sendChecked(connection, statements);
    };
    const finish = async (statements: readonly Sql[]): Promise<void> => {
      if (!checked) await query([]);
      const packets = this.#packets([...statements, { text: 'COMMIT' }]);
      for (const [index, packet] of packets.entries()) {
        if (index === packets.length - 1) onCommit?.();
        await this.#send(connection, packet);
      }
    };
    return { query, finish };
  }

  /** As many statements in each as the server takes. */
  #packets(statements: readonly Sql[]): Sql[][] {
    const packets: Sql[][] = [];
    let size = Number.POSITIVE_INFINITY;
    for (const statement of statements) {
      const bytes = Buffer.byteLength(statement.text) + 2;
      if (size + bytes > this.maxPacket - 1024) {
        packets.push([]);
        size = 0;
      }
      packets.at(-1)?.push(statement);
      size += bytes;
    }
    return packets;
  }

  /** Runs the step again while that may help and there is time; what it finally throws is a StorageError. */
  async #attempt<T>(step: (until: number) => Promise<T>): Promise<T> {
    const until = performance.now() + this.#patienceMs;
    for (let failures = 1; ; failures += 1) {
      try {
        return await step(until);
      } catch (error) {
        // Those beside it have most likely the same fate, and after a fail-over they are with the wrong server.
        if (isAway(error)) this.#pool.drop();
        const mayHelp = isConnectionLost(error) || isAway(error) || isTransactionConflict(error);
        const pause = backOffDelay(BACK_OFF, failures);
        if (!mayHelp || performance.now() + pause >= until) throw translateMysqlError(error);
        await delay(pause);
      }
    }
  }

  async #sendChecked(
    connection: Connection,
    statements: readonly Sql[],
    timeoutMs = this.#timeoutMs,
  ): Promise<unknown[][]> {
    const [check, ...results] = await this.#send(connection, [IS_READ_ONLY, ...statements], timeoutMs);
    if ((check as [{ readOnly: number }])[0].readOnly === 1) throw readOnlyError();
    return results;
  }

  async #send(
    connection: Connection,
    statements: readonly Sql[],
    timeoutMs = this.#timeoutMs,
  ): Promise<unknown[][]> {
    const text = statements.map((statement) => statement.text).join('; ');
    const [results] = await connection.query({ sql: text, timeout: timeoutMs });
    return statements.length === 1 ? [results as unknown[]] : (results as unknown[][]);
  }
}

const BEGIN_SNAPSHOT: readonly Sql[] = [
  { text: 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ' },
  { text: 'START TRANSACTION WITH CONSISTENT SNAPSHOT' },
];

/** For every read: what a primary that was replaced has may be old. */
const IS_READ_ONLY: Sql = { text: `SELECT ${READ_ONLY} AS readOnly` };

const isUnavailable = (error: unknown): boolean =>
  error instanceof StorageError && error.code === 'Unavailable';
