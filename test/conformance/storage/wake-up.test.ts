import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '#api/machinery/logger';
import type { WakeUp } from '#api/storage/commits/wake-up';
import { connectRedis } from '#api/storage/commits/wake-up-redis';

const open: WakeUp[] = [];

function connect(): { wakeUp: WakeUp; heard: string[]; hears: (topic: string) => Promise<void> } {
  const url = process.env['TROUPE_TEST_REDIS_URL'];
  if (url === undefined) throw new Error('TROUPE_TEST_REDIS_URL is not set; test/databases.ts sets it');
  const wakeUp = connectRedis({ url, logger: silentLogger });
  open.push(wakeUp);
  const heard: string[] = [];
  wakeUp.subscribe((topic) => void heard.push(topic));
  const hears = (topic: string): Promise<void> =>
    new Promise((resolve) => {
      const stop = wakeUp.subscribe((other) => {
        if (other !== topic) return;
        stop();
        resolve();
      });
    });
  return { wakeUp, heard, hears };
}

/** A hint is lost while the connection that publishes is not ready, so it is repeated until it arrives. */
async function saidUntil(wakeUp: WakeUp, topic: string, heard: Promise<void>): Promise<void> {
  const end = new AbortController();
  void heard.then(() => end.abort());
  while (!end.signal.aborted) {
    wakeUp.publish(topic);
    await new Promise(setImmediate);
  }
}

describe('wake-up through Redis', () => {
  afterEach(async () => {
    for (const wakeUp of open.splice(0)) await wakeUp.close();
  });

  it('reaches the others, and not the one that said it', async () => {
    const [a, b] = [connect(), connect()];
    // Subscribed: each is told to look once.
    await Promise.all([a.hears('*'), b.hears('*')]);
    await saidUntil(a.wakeUp, 'task/question', b.hears('task/question'));
    await saidUntil(b.wakeUp, 'task/answer', a.hears('task/answer'));
    expect(new Set(a.heard)).toEqual(new Set(['*', 'task/answer']));
    expect(new Set(b.heard)).toEqual(new Set(['*', 'task/question']));
  });
});
