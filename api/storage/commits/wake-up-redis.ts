import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { describeError } from '../../machinery/logger.ts';
import type { Logger } from '../../machinery/logger.ts';
import { silentMeter } from '../../machinery/meter.ts';
import type { Meter } from '../../machinery/meter.ts';
import { EVERYTHING } from './wake-up.ts';
import { StorageError } from '../contract/storage-error.ts';
import { redisFigures } from './redis-figures.ts';
import type { RedisFigures } from './redis-figures.ts';
import type { WakeUp } from './wake-up.ts';

/** One channel for everything: a hint that is meant for another database costs one look, no more. */
const CHANNEL = 'troupe:wake-up';
/** Milliseconds between attempts to reach Redis, at most. */
const MAX_RETRY_MS = 2_000;
const CONNECT_TIMEOUT_MS = 3_000;
/** Milliseconds between two messages to ourselves; without one for three times as long, Redis is away. */
const HEARTBEAT_MS = 1_000;
/** Hints on their way to a Redis that does not answer; more are dropped. */
const MAX_PENDING = 1_000;

export interface RedisWakeUpOptions {
  /** `redis://` or `rediss://`; may hold a password and is never logged. */
  url: string;
  logger: Logger;
  meter?: Meter;
  heartbeatMs?: number;
}

/**
 * Hints through Redis publish/subscribe. An outage is said once and otherwise only makes replicas slower to hear
 * of each other; nothing waits for Redis and no error of it gets out.
 */
export function connectRedis({
  url,
  logger,
  meter = silentMeter,
  heartbeatMs = HEARTBEAT_MS,
}: RedisWakeUpOptions): WakeUp {
  if (!/^rediss?:\/\//.test(url)) {
    // ioredis would take anything else for the path of a socket and repeat it in its errors.
    throw new StorageError('Unavailable', 'the Redis URL must begin with redis:// or rediss://');
  }
  return new RedisWakeUp(url, { logger, meter, heartbeatMs });
}

class RedisWakeUp implements WakeUp {
  /** Redis sends a publisher its own messages too; each would cost a look at the database for what is known here. */
  readonly #sender = randomUUID();
  readonly #listeners = new Set<(topic: string) => void>();
  readonly #publisher: Redis;
  readonly #subscriber: Redis;
  readonly #logger: Logger;
  readonly #heartbeat: NodeJS.Timeout;
  readonly #figures: RedisFigures;
  #beatAt: number | undefined;
  #pending = 0;
  #listening = false;
  #saidAway = false;
  #heardAt = performance.now();

  constructor(
    url: string,
    { logger, meter, heartbeatMs }: Required<Pick<RedisWakeUpOptions, 'heartbeatMs' | 'logger' | 'meter'>>,
  ) {
    this.#logger = logger;
    this.#figures = redisFigures(meter, () => this.#listening);
    this.#publisher = connect(url);
    this.#subscriber = connect(url);
    this.#publisher.on('error', () => undefined); // the subscriber's outage is the same one
    this.#subscriber.on('error', (error: unknown) => this.#away(error));
    this.#subscriber.on('close', () => this.#away(new Error('the connection ended')));
    this.#subscriber.on('ready', () => this.#subscribe());
    this.#subscriber.on('message', (channel: string, message: string) => this.#hear(channel, message));
    this.#heartbeat = setInterval(() => this.#beat(heartbeatMs * 3), heartbeatMs).unref();
  }

  get listening(): boolean {
    return this.#listening;
  }

  publish(topic: string): void {
    this.#send(CHANNEL, `${this.#sender} ${topic}`);
  }

  subscribe(listener: (topic: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    this.#subscriber.removeAllListeners('close');
    this.#publisher.disconnect();
    this.#subscriber.disconnect();
  }

  #send(channel: string, message: string): void {
    if (this.#publisher.status !== 'ready' || this.#pending >= MAX_PENDING) return;
    this.#pending++;
    this.#publisher
      .publish(channel, message)
      .catch(() => undefined) // a hint
      .finally(() => this.#pending--);
  }

  #subscribe(): void {
    this.#heardAt = performance.now();
    this.#subscriber.subscribe(CHANNEL, this.#sender).then(
      () => {
        this.#listening = true;
        this.#figures.connected();
        if (this.#saidAway) this.#logger.info('Redis is back');
        this.#saidAway = false;
        // Hints during the outage are lost: look once.
        this.#tell(EVERYTHING);
      },
      () => undefined, // its connection ended, which is told by an event
    );
  }

  #hear(channel: string, message: string): void {
    this.#heardAt = performance.now();
    if (channel !== CHANNEL) {
      if (this.#beatAt !== undefined) this.#figures.answered(this.#heardAt - this.#beatAt);
      this.#beatAt = undefined;
      return;
    }
    const space = message.indexOf(' ');
    if (message.slice(0, space) === this.#sender) return;
    this.#figures.hinted();
    this.#tell(message.slice(space + 1));
  }

  /** What came through once is the proof that Redis works: one that hangs closes no connection. */
  #beat(silenceMs: number): void {
    this.#beatAt ??= performance.now();
    this.#send(this.#sender, '');
    if (!this.#listening || performance.now() - this.#heardAt < silenceMs) return;
    this.#away(new Error('Redis does not answer'));
    for (const redis of [this.#publisher, this.#subscriber]) redis.disconnect(true);
  }

  #away(error: unknown): void {
    if (!this.#saidAway) {
      const why = { error: describeError(error) };
      this.#logger.warn('Redis is away; replicas learn of each other by polling', why);
    }
    this.#saidAway = true;
    if (!this.#listening) return;
    this.#listening = false;
    // Whoever relied on hints and waits for a long time is to wait for a short one.
    this.#tell(EVERYTHING);
  }

  #tell(topic: string): void {
    for (const listener of this.#listeners) listener(topic);
  }
}

function connect(url: string): Redis {
  return new Redis(url, {
    // Hints are worthless later, so nothing is queued for a server that is away.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepAlive: 10_000,
    retryStrategy: (attempt) => Math.min(attempt * 100, MAX_RETRY_MS),
  });
}
