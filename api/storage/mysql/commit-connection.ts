import { randomUUID } from 'node:crypto';
import type { Connection } from 'mysql2/promise';
import type { Connector } from './connector.ts';
import { sql } from './sql-text.ts';
import type { Sql } from './sql-text.ts';

/**
 * Seconds after which the server ends the session when it hears nothing: a host that vanished in the middle of a
 * commit must not hold the lock of all replicas for the eight hours that are the default.
 */
const IDLE_SECONDS = 15;

/** A name that no session has; the empty one is refused. */
const NOBODY = 'troupe-nobody';

interface Current {
  connection: Connection;
  /** Of a lock that tells this session from all others, on this server and on no other. */
  name: string;
}

type Send = (connection: Connection, statements: readonly Sql[]) => Promise<unknown[][]>;

/**
 * The one connection that commits. Its transactions hold the lock that every replica needs, so when it is given up,
 * its successor ends the session that the server may still have.
 */
export class CommitConnection {
  readonly #connector: Connector;
  readonly #send: Send;
  #current: Current | undefined;
  /** Name of the session that was given up. */
  #orphan = NOBODY;

  constructor(connector: Connector, send: Send) {
    this.#connector = connector;
    this.#send = send;
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
    const connection = await this.#connector.open(until);
    const name = `troupe-${randomUUID()}`;
    const forget = (): void => {
      // A late event of a connection that was replaced must not lose its successor.
      if (this.#current?.connection === connection) this.#current = undefined;
    };
    connection.on('error', forget);
    connection.on('end', forget);
    try {
      const [, [session]] = (await this.#send(connection, [
        sql`SET SESSION wait_timeout = ${IDLE_SECONDS}`,
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
      await this.#send(connection, [sql`KILL CONNECTION ${session}`]);
    } catch (error) {
      // ER_NO_SUCH_THREAD: it ended by itself.
      if ((error as { errno?: number }).errno !== 1094) throw error;
    }
  }
}
