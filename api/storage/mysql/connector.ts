import { setTimeout as delay } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import type { Connection, ConnectionOptions } from 'mysql2/promise';
import { backOffDelay } from '../../machinery/back-off.ts';
import type { BackOff } from '../../machinery/back-off.ts';
import { StorageError } from '../contract/storage-error.ts';
import { sessionSql } from './connection-options.ts';
import { isAway, readOnlyError, translateMysqlError } from './errors.ts';

/** Milliseconds between attempts to reach a server that is away. */
const BACK_OFF: BackOff = { first: 50, max: 1_000, jitter: 0.5 };

/** Bytes that any server takes: the default of old ones. */
const SMALLEST_PACKET = 1024 * 1024;

interface Probe {
  /** Why the last attempt failed. */
  why: unknown;
  /** Resolves when somebody may try for himself again. */
  over: Promise<void>;
}

/**
 * Opens connections that are ready for use. While the server is away one attempt at a time is made for all who wait,
 * at growing intervals: a server that comes back is not run over.
 */
export class Connector {
  readonly #options: ConnectionOptions;
  readonly #session: string;
  readonly #closing = new AbortController();
  #probe: Probe | undefined;
  #spare: Connection | undefined;
  #maxPacket = SMALLEST_PACKET;
  #waiting = 0;

  /** A lock is waited for as long as sessionSql says, or `lockWaitSeconds`. */
  constructor(options: ConnectionOptions, lockWaitSeconds?: number) {
    this.#options = options;
    this.#session = sessionSql(lockWaitSeconds);
  }

  /** Bytes of the largest packet the server takes; an administrator may change it, for later connections. */
  get maxPacket(): number {
    return this.#maxPacket;
  }

  /**
   * Waits for a server that is away until `until`, on the clock of performance.now().
   * @throws StorageError, or what the server said where waiting would not help
   */
  async open(until: number): Promise<Connection> {
    this.#waiting++;
    try {
      for (;;) {
        if (this.#closing.signal.aborted) throw new StorageError('Closed', 'the store is closed');
        if (this.#probe !== undefined) await this.#wait(this.#probe, until);
        const spare = this.#spare;
        this.#spare = undefined;
        if (spare !== undefined) return spare;
        try {
          return await this.#connect();
        } catch (error) {
          if (!isAway(error) || performance.now() >= until) throw translateMysqlError(error);
          this.#probe ??= this.#startProbe(error);
        }
      }
    } finally {
      this.#waiting--;
    }
  }

  close(): void {
    this.#closing.abort();
    this.#spare?.destroy();
  }

  async #wait(probe: Probe, until: number): Promise<void> {
    const left = until - performance.now();
    const stop = new AbortController();
    const late = delay(Math.max(left, 0), 'late', { signal: stop.signal }).catch(() => 'stopped');
    const ended = await Promise.race([probe.over, late]);
    stop.abort();
    if (ended === 'late') throw translateMysqlError(probe.why);
  }

  #startProbe(why: unknown): Probe {
    const probe: Probe = { why, over: Promise.resolve() };
    probe.over = this.#tryUntilBack(probe).finally(() => {
      this.#probe = undefined;
    });
    return probe;
  }

  /** Ends when the server is back, or nobody waits for it any more, or waiting for it would not help. */
  async #tryUntilBack(probe: Probe): Promise<void> {
    for (let failures = 1; ; failures += 1) {
      // Jitter: several replicas lose the same server at the same moment.
      const pause = backOffDelay(BACK_OFF, failures);
      await delay(pause, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      if (this.#waiting === 0 || this.#closing.signal.aborted) return;
      try {
        this.#spare = await this.#connect();
        if (this.#closing.signal.aborted) this.#spare.destroy();
        return;
      } catch (error) {
        probe.why = error;
        if (!isAway(error)) return;
      }
    }
  }

  async #connect(): Promise<Connection> {
    const connection = await createConnection(this.#options);
    // A connection that dies while idle says so by an event, which would end the process if nobody listened.
    connection.on('error', () => undefined);
    try {
      const [results] = await connection.query({
        sql: `${this.#session}; SELECT @@max_allowed_packet AS size, ${READ_ONLY} AS readOnly`,
        timeout: this.#options.connectTimeout ?? 0,
      });
      const [state] = (results as unknown[]).at(-1) as [{ size: number; readOnly: number }];
      if (state.readOnly === 1) throw readOnlyError();
      this.#maxPacket = state.size;
      return connection;
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }
}

/**
 * Whether the server refuses writes, as a primary that was replaced does. It says OFF or 0, by its vendor. An account
 * with administrative rights could write all the same, and what it reads may be old.
 */
export const READ_ONLY = "CAST(@@global.read_only AS CHAR) NOT IN ('0', 'OFF')";
