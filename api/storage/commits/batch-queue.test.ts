import { describe, expect, it } from 'vitest';
import { BatchQueue } from './batch-queue.ts';
import { StorageError } from '../contract/storage-error.ts';

/** A queue whose batches finish when the test says so. */
function heldQueue(
  limits: { maxItems?: number; maxBytes?: number; maxWaiting?: number; maxWaitingBytes?: number } = {},
) {
  const batches: { items: readonly string[]; finish: (error?: Error) => void }[] = [];
  const started: (() => void)[] = [];
  const queue = new BatchQueue<string, string>({
    run: (items) =>
      new Promise((resolve, reject) => {
        const finish = (error?: Error): void =>
          error === undefined ? resolve(items.map((item) => `${item}!`)) : reject(error);
        batches.push({ items, finish });
        started.shift()?.();
      }),
    sizeOf: (item) => item.length,
    maxItems: 3,
    maxBytes: 10,
    maxWaiting: 6,
    maxWaitingBytes: 1_000,
    ...limits,
  });
  const nextBatch = (): Promise<void> => new Promise((resolve) => void started.push(resolve));
  return { queue, batches, nextBatch };
}

describe('BatchQueue', () => {
  it('runs one batch at a time and gathers the next meanwhile', async () => {
    const { queue, batches, nextBatch } = heldQueue();
    let begun = nextBatch();
    const first = queue.add('a');
    await begun;
    const rest = ['b', 'c', 'd', 'e'].map((item) => queue.add(item));
    expect(batches).toHaveLength(1);
    begun = nextBatch();
    batches[0]?.finish();
    expect(await first).toBe('a!');
    await begun;
    begun = nextBatch();
    batches[1]?.finish();
    await begun;
    batches[2]?.finish();
    expect(await Promise.all(rest)).toEqual(['b!', 'c!', 'd!', 'e!']);
    expect(batches.map((batch) => batch.items)).toEqual([['a'], ['b', 'c', 'd'], ['e']]);
  });

  it('closes a batch before it gets too large, and lets a large item travel alone', async () => {
    const { queue, batches, nextBatch } = heldQueue();
    let begun = nextBatch();
    const all = ['12345', '12345', '6', 'x'.repeat(50), '7'].map((item) => queue.add(item));
    for (let i = 0; i < 4; i++) {
      await begun;
      begun = nextBatch();
      batches[i]?.finish();
    }
    await Promise.all(all);
    expect(batches.map((batch) => batch.items.map((item) => item.length))).toEqual([[5, 5], [1], [50], [1]]);
  });

  it('fails exactly the writers of a failed batch', async () => {
    const { queue, batches, nextBatch } = heldQueue();
    let begun = nextBatch();
    const results = Promise.allSettled(['a', 'b', 'c', 'd'].map((item) => queue.add(item)));
    await begun;
    begun = nextBatch();
    batches[0]?.finish(new Error('disk'));
    await begun;
    batches[1]?.finish();
    expect((await results).map((result) => result.status)).toEqual([
      'rejected',
      'rejected',
      'rejected',
      'fulfilled',
    ]);
  });

  it('runs a batch that is too large item by item, so that only the one to blame fails', async () => {
    const ran: string[] = [];
    const queue = new BatchQueue<string, string>({
      async run(items) {
        ran.push(items.join(' '));
        if (items.includes('long')) throw new StorageError('TooLarge', 'too long for its column');
        return items.map((item) => `${item}!`);
      },
      sizeOf: (item) => item.length,
      maxItems: 10,
      maxBytes: 100,
      maxWaiting: 10,
      maxWaitingBytes: 100,
    });
    const results = await Promise.allSettled(['a', 'long', 'b'].map((item) => queue.add(item)));
    expect(results).toMatchObject([{ value: 'a!' }, { reason: { code: 'TooLarge' } }, { value: 'b!' }]);
    expect(ran).toEqual(['a long b', 'a', 'long', 'b']);
  });

  it('refuses items while too many bytes wait', async () => {
    const { queue, batches, nextBatch } = heldQueue({ maxBytes: 20, maxWaitingBytes: 9 });
    let begun = nextBatch();
    const accepted = ['12345', '12345'].map((item) => queue.add(item));
    await expect(queue.add('x')).rejects.toMatchObject({ code: 'Unavailable' });
    await begun;
    begun = nextBatch();
    const later = queue.add('y');
    batches[0]?.finish();
    await begun;
    batches[1]?.finish();
    expect(await Promise.all([...accepted, later])).toEqual(['12345!', '12345!', 'y!']);
  });

  it('refuses more than may wait, and everything after it was closed', async () => {
    const { queue, batches, nextBatch } = heldQueue({ maxItems: 100, maxWaiting: 2 });
    const begun = nextBatch();
    const accepted = [queue.add('a'), queue.add('b')];
    await expect(queue.add('c')).rejects.toMatchObject({ code: 'Unavailable' });
    await begun;
    const closed = queue.close();
    await expect(queue.add('d')).rejects.toMatchObject({ code: 'Closed' });
    batches[0]?.finish();
    await closed;
    expect(await Promise.all(accepted)).toEqual(['a!', 'b!']);
  });
});
