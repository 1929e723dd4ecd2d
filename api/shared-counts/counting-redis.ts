import { Redis, ReplyError } from 'ioredis';
import { describeError } from '../machinery/logger.ts';
import type { Logger } from '../machinery/logger.ts';

/** Milliseconds that a request waits for Redis before its replica counts alone. */
const LONGEST_WAIT_MS = 250;
/** Milliseconds between attempts to reach Redis, at most. */
const MAX_RETRY_MS = 2_000;

/**
 * Where replicas count together what is rare, such as logins. It never keeps a request waiting: what Redis does not answer
 * at once fails, and whoever counts goes on alone.
 */
export interface CountingRedis extends AsyncDisposable {
  /** For libraries that count by themselves. */
  readonly client: Redis;
  /** Resolves when it was reached for the first time. */
  readonly connected: Promise<void>;
  /** Runs a script in Lua, which nothing of others comes between. Rejects while Redis is away. */
  run(script: string, keys: readonly string[], values: readonly string[]): Promise<unknown>;
}

export interface CountingRedisOptions {
  /** It may hold a password, and is never logged. */
  url: string;
  logger: Logger;
}

export function connectCounting({ url, logger }: CountingRedisOptions): CountingRedis {
  const client = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: LONGEST_WAIT_MS,
    retryStrategy: (attempt) => Math.min(attempt * 100, MAX_RETRY_MS),
  });
  // The storage, which uses the same Redis, says when it is away.
  client.on('error', () => undefined);
  return {
    client,
    connected: new Promise((resolve) => client.once('ready', () => resolve())),
    async run(script, keys, values) {
      try {
        return await client.eval(script, keys.length, ...keys, ...values);
      } catch (error) {
        // Redis was there, and did not do it: it may not run scripts, or has no memory left.
        if (error instanceof ReplyError) logger.warn('Redis does not count', { error: describeError(error) });
        throw error;
      }
    },
    async [Symbol.asyncDispose]() {
      client.disconnect();
    },
  };
}
