import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '#api/machinery/logger';
import type { Store } from '#api/storage/contract/store';
import { connectRedis } from '#api/storage/commits/wake-up-redis';
import { privateRedis } from '#dev/environment/redis';
import { recordingLogger } from '../../kit/recording-logger.ts';
import type { RecordingLogger } from '../../kit/recording-logger.ts';
import { freshDatabase } from './databases.ts';
import type { TestDatabase } from './databases.ts';
import { TASKS, create, taskKey } from './objects.ts';

/** While hints arrive nobody looks by himself: what is seen then came by a hint, what is seen without them by looking. */
const NEVER = 3_600_000;
const options = { pollMs: 20, hintedPollMs: NEVER, taskPollMs: 20, hintedTaskPollMs: NEVER };
const time = '2026-01-02T03:04:05.000006Z';

describe('two replicas and a Redis', () => {
  let redis: Awaited<ReturnType<typeof privateRedis>>;
  let database: TestDatabase;
  let logger: RecordingLogger;
  let writer: Store;
  let reader: Store;

  beforeEach(async () => {
    redis = await privateRedis();
    database = await freshDatabase('mariadb');
    logger = recordingLogger();
    const shared = { redisURL: redis.url, logger, options };
    writer = await database.open(shared);
    reader = await database.open(shared);
    await hints('ok');
  });
  afterEach(async () => {
    await database[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  });

  async function hints(state: 'away' | 'ok'): Promise<void> {
    while ([writer, reader].some((store) => store.health().hints !== state)) {
      await new Promise(setImmediate);
    }
  }

  /** What the reader's watch has seen, in order. */
  function watch(): { seen: number[]; stop(): Promise<void> } {
    const seen: number[] = [];
    const end = new AbortController();
    const watching = (async () => {
      for await (const batch of reader.watch({ resource: TASKS, after: 0, signal: end.signal })) {
        seen.push(...batch.map(({ revision }) => revision));
      }
    })();
    return { seen, stop: () => (end.abort(), watching) };
  }

  let written = 0;
  async function write(count: number, seen: readonly number[]): Promise<void> {
    const goal = seen.length + count;
    for (let i = 0; i < count; i++) await create(writer, taskKey(`t${written++}`));
    while (seen.length < goal) await new Promise(setImmediate);
  }

  async function append(
    sourceSeq: number,
    follower: AsyncIterator<readonly { seq: number }[]>,
  ): Promise<void> {
    const next = follower.next();
    await writer.log.append({
      source: 's',
      taskUID: 'u',
      events: [{ sourceSeq, time, type: 'text', data: {} }],
    });
    expect(((await next).value as { seq: number }[]).map(({ seq }) => seq)).toEqual([sourceSeq]);
  }

  it.each([
    { trouble: 'is killed', begin: () => redis.kill(), end: () => redis.start() },
    { trouble: 'hangs', begin: async () => redis.pause(), end: async () => redis.resume() },
  ])(
    'that $trouble: replicas look for themselves until it is back, nothing is lost, it is said once',
    async (given) => {
      const { seen, stop } = watch();
      const leave = new AbortController();
      const following = reader.log.follow({ taskUID: 'u', after: 0, signal: leave.signal });
      const follower = following[Symbol.asyncIterator]();
      await write(20, seen);
      await append(1, follower);
      await given.begin();
      await write(20, seen);
      await append(2, follower);
      await hints('away');
      await write(20, seen);
      await append(3, follower);
      await given.end();
      await hints('ok');
      await write(20, seen);
      await append(4, follower);
      leave.abort();
      await stop();
      expect(seen).toEqual(Array.from({ length: 80 }, (_, i) => i + 1));
      const said = logger.lines.filter((line) => line.includes('Redis'));
      expect(
        said.filter((line) => line.startsWith('warn Redis is away')),
        said.join('\n'),
      ).toHaveLength(2);
      expect(said.filter((line) => line.startsWith('info Redis is back'))).toHaveLength(2);
    },
  );

  it('that hangs is not sent more than a little', async () => {
    const [from, to] = [1, 2].map(() => connectRedis({ url: redis.url, logger: silentLogger }));
    if (from === undefined || to === undefined) throw new Error('there are two');
    while (!from.listening || !to.listening) await new Promise(setImmediate);
    const heard: string[] = [];
    to.subscribe((topic) => void heard.push(topic));
    redis.pause();
    for (let i = 0; i < 20_000; i++) from.publish(`task/${i}`);
    redis.resume();
    while (!heard.includes('task/last')) {
      from.publish('task/last');
      await new Promise(setImmediate);
    }
    expect(heard.length).toBeGreaterThan(0);
    expect(heard.filter((topic) => topic !== 'task/last').length).toBeLessThanOrEqual(1_000);
    await from.close();
    await to.close();
  });
});
