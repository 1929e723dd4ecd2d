import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { describeError } from '../machinery/logger.ts';
import type { Logger } from '../machinery/logger.ts';
import { StorageError } from './contract.ts';
import type { WakeUp } from './contract.ts';

/** One channel for everything: a hint that is meant for another database costs one look, no more. */
const CHANNEL = 'troupe:wake-up';
/** Milliseconds between attempts to reach Redis, at most. */
const MAX_RETRY_MS = 2_000;

export interface RedisWakeUpOptions {
  /** `redis://` or `rediss://`; may hold a password and is never logged. */
  url: string;
  logger: Logger;
}

/**
 * Hints through Redis publish/subscribe. An outage is said once and otherwise only makes replicas slower to hear
 * of each other; nothing waits for Redis and no error of it gets out.
 */
export function connectRedis({ url, logger }: RedisWakeUpOptions): WakeUp {
  if (!/^rediss?:\/\//.test(url)) {
    // ioredis would take anything else for the path of a socket and repeat it in its errors.
    throw new StorageError('Unavailable', 'the Redis URL must begin with redis:// or rediss://');
  }
  // Redis sends a publisher its own messages too; each would cost a look at the database for what is known here.
  const sender = randomUUID();
  const listeners = new Set<(topic: string) => void>();
  const tell = (topic: string): void => {
    for (const listener of listeners) listener(topic);
  };
  const publisher = connect(url);
  const subscriber = connect(url);
  sayOutages(subscriber, logger);
  publisher.on('error', () => undefined); // the subscriber's outage is the same one
  subscriber.on('message', (_channel: string, message: string) => {
    const space = message.indexOf(' ');
    if (message.slice(0, space) !== sender) tell(message.slice(space + 1));
  });
  subscriber.on('ready', () => {
    // Hints during the outage are lost: look once.
    subscriber.subscribe(CHANNEL).then(
      () => tell('revision'),
      () => undefined,
    );
  });
  return {
    publish(topic) {
      if (publisher.status === 'ready')
        publisher.publish(CHANNEL, `${sender} ${topic}`).catch(() => undefined);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      publisher.disconnect();
      subscriber.disconnect();
    },
  };
}

function connect(url: string): Redis {
  return new Redis(url, {
    // Hints are worthless later, so nothing is queued for a server that is away.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: false,
    retryStrategy: (attempt) => Math.min(attempt * 100, MAX_RETRY_MS),
  });
}

function sayOutages(redis: Redis, logger: Logger): void {
  let away = false;
  redis.on('error', (error: unknown) => {
    if (!away)
      logger.warn('Redis is away; replicas learn of each other by polling', { error: describeError(error) });
    away = true;
  });
  redis.on('ready', () => {
    if (away) logger.info('Redis is back');
    away = false;
  });
}
