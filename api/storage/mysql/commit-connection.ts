import { randomUUID } from 'node:crypto';
import type { Connection } from 'mysql2/promise';
import type { Connector } from './connector.ts';
import { sql } from './sql-text.ts';
import type { Sql } from './sql-text.ts';

/** A name that no session has; the empty one is refused. */
const NOBODY = 'troupe-nobody';

interface Current {
  connection: Connection;
  /** Of a lock that tells this session from all others, on this server and on no other. */
  name: string;
}

export interface CommitConnectionOptions {
  connector: Connector;
  send(connection: Connection, statements: readonly Sql[]): Promise<unknown[][]>;
  /** Seconds after which the server ends the session when it hears nothing. */
  idleSeconds: number;
}

/**
 * The one connection that commits. Its transactions hold the lock that every replica needs, so when it is given up,
 * its successor ends the session that the server may still have.
 */
export class CommitConnection {
  readonly #options: CommitConnectionOptions;
  #current: Current | undefined;
  /** Name of the session that was given up. */
  #orphan = NOBODY;

  constructor(options: CommitConnectionOptions) {
    this.#options = options;
  }

  async acquire(until: number): Promise<Connection> {
    this.#current ??= await this.#open(until);
    return this.#current.connection;
  }

  /** Closes it; the next acquire opens another. */
  giveUp(): void {
    if (this.#current === undefined) return;
    this.#orphan = this.#current.name;
    this.#current.connection.destroy();
    this.#current = undefined;
  }

  async #open(until: number): Promise<Current> {
    const connection = await this.#options.connector.open(until);
    const name = `troupe-${randomUUID()}`;
    const forget = (): void => {
      // A late event of a connection that was replaced must not lose its successor.
      if (this.#current?.connection === connection) this.#current = undefined;
    };
    connection.on('error', forget);
    connection.on('end', forget);
    try {
      const [, [session]] = (await this.#options.send(connection, [
        sql`SET SESSION wait_timeout = ${this.#options.idleSeconds}`,
        sql`SELECT GET_LOCK(${name}, 0) AS named, IS_USED_LOCK(${this.#orphan}) AS orphan`,
      ])) as [unknown, [{ orphan: number | null }]];
      if (session.orphan !== null) await this.#end(connection, session.orphan);
      this.#orphan = NOBODY;
      return { connection, name };
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  async #end(connection: Connection, session: number): Promise<void> {
    try {
      await this.#options.send(connection, [sql`KILL CONNECTION ${session}`]);
    } catch (error) {
      // ER_NO_SUCH_THREAD: it ended by itself.
      if ((error as { errno?: number }).errno !== 1094) throw error;
    }
  }
}
