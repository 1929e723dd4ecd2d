import type { Connection } from 'mysql2/promise';
import { StorageError } from '../contract/storage-error.ts';
import type { PoolFigures } from '../driver/driver.ts';
import type { Connector } from './connector.ts';

export interface PoolLimits {
  /** Connections at most. */
  connections: number;
  /** Callers that may wait for one. */
  waiting: number;
  /** An unused connection is closed after this many milliseconds. */
  idleMs: number;
}

interface Waiter {
  resolve(connection: Connection): void;
  reject(error: unknown): void;
  until: number;
}

/**
 * Connections for reads and short transactions. Ours and not mysql2's: that one waits without end for a connection,
 * keeps those to a server that is no longer the primary, and cannot be closed while a server hangs.
 */
export class ConnectionPool {
  readonly #connector: Connector;
  readonly #limits: PoolLimits;
  /** Those that are open and may be handed out again, used or not. */
  readonly #good = new Set<Connection>();
  readonly #used = new Set<Connection>();
  #idle: { connection: Connection; since: number }[] = [];
  #waiting: Waiter[] = [];
  #opening = 0;
  #sweep: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(connector: Connector, limits: PoolLimits) {
    this.#connector = connector;
    this.#limits = limits;
  }

  get figures(): PoolFigures {
    const { connections: limit } = this.#limits;
    const inUse = this.#used.size;
    return { open: inUse + this.#idle.length, inUse, waiting: this.#waiting.length, limit };
  }

  /** @throws StorageError Unavailable when too many wait, or there is none until `until` (of performance.now()) */
  acquire(until: number): Promise<Connection> {
    if (this.#closed) return Promise.reject(new StorageError('Closed', 'the store is closed'));
    const free = this.#idle.pop();
    if (free !== undefined) return Promise.resolve(this.#handOut(free.connection));
    if (this.#waiting.length >= this.#limits.waiting) {
      return Promise.reject(new StorageError('Unavailable', 'too many requests wait for the database'));
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        until,
        resolve: (connection) => {
          clearTimeout(timer);
          resolve(connection);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      // A little later than an attempt to connect gives up: its error says more.
      const timer = setTimeout(
        () => {
          this.#waiting = this.#waiting.filter((other) => other !== waiter);
          reject(new StorageError('Unavailable', 'no connection to the database became free in time'));
        },
        Math.max(until - performance.now(), 0) + 100,
      );
      this.#waiting.push(waiter);
      this.#grow();
    });
  }

  /** A broken connection is closed, whatever state it is in: the server rolls back. */
  release(connection: Connection, broken: boolean): void {
    this.#used.delete(connection);
    if (broken || !this.#good.has(connection)) {
      this.#discard(connection);
      this.#grow();
      return;
    }
    this.#give(connection);
  }

  /** Closes what is not used, and the rest when it is released: the server is another one now, or was restarted. */
  drop(): void {
    for (const { connection } of this.#idle) connection.destroy();
    this.#idle = [];
    this.#good.clear();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#sweep);
    this.drop();
    for (const connection of this.#used) connection.destroy();
    for (const { reject } of this.#waiting.splice(0))
      reject(new StorageError('Closed', 'the store is closed'));
  }

  #handOut(connection: Connection): Connection {
    this.#used.add(connection);
    return connection;
  }

  #give(connection: Connection): void {
    const waiter = this.#waiting.shift();
    if (waiter !== undefined) waiter.resolve(this.#handOut(connection));
    else if (this.#closed) connection.destroy();
    else {
      this.#idle.push({ connection, since: performance.now() });
      this.#sweep ??= setTimeout(() => this.#closeUnused(), this.#limits.idleMs).unref();
    }
  }

  #discard(connection: Connection): void {
    this.#good.delete(connection);
    this.#idle = this.#idle.filter((other) => other.connection !== connection);
    connection.destroy();
  }

  /** Opens connections while callers wait for more than are being opened. */
  #grow(): void {
    const size = this.#used.size + this.#idle.length + this.#opening;
    const next = this.#waiting[this.#opening];
    if (this.#closed || next === undefined || size >= this.#limits.connections) return;
    this.#opening++;
    this.#connector.open(next.until).then(
      (connection) => {
        this.#opening--;
        this.#good.add(connection);
        // It may end while nobody uses it, as by the server's wait_timeout.
        const gone = (): void => {
          if (!this.#used.has(connection)) this.#discard(connection);
        };
        connection.on('error', gone);
        connection.on('end', gone);
        this.#give(connection);
        this.#grow();
      },
      (error: unknown) => {
        this.#opening--;
        this.#waiting.shift()?.reject(error);
        this.#grow();
      },
    );
  }

  #closeUnused(): void {
    const oldest = performance.now() - this.#limits.idleMs;
    for (const { connection, since } of this.#idle) if (since <= oldest) this.#discard(connection);
    this.#sweep =
      this.#idle.length === 0
        ? undefined
        : setTimeout(() => this.#closeUnused(), this.#limits.idleMs).unref();
  }
}
