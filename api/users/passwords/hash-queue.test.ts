import { expect, it } from 'vitest';
import { HashQueue } from './hash-queue.ts';

it('lets two work and three wait, in turn, and sends the sixth away', async () => {
  const queue = new HashQueue({ atOnce: 2, mostWaiting: 3 });
  const ends: (() => void)[] = [];
  const begun: number[] = [];
  const works = [0, 1, 2, 3, 4].map((number) =>
    queue.run(async () => {
      begun.push(number);
      await new Promise<void>((resolve) => ends.push(resolve));
      return number;
    }),
  );
  await expect(queue.run(() => Promise.resolve(5))).rejects.toMatchObject({
    code: 429,
    details: { retryAfterSeconds: 2 },
  });
  expect(begun).toEqual([0, 1]);
  for (const work of works) {
    ends.shift()?.();
    await work;
  }
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  expect(await queue.run(() => Promise.resolve('free again'))).toBe('free again');
});

it('gives the place of work that failed to the next', async () => {
  const queue = new HashQueue({ atOnce: 1, mostWaiting: 1 });
  const failing = queue.run(() => Promise.reject(new Error('no')));
  const next = queue.run(() => Promise.resolve('yes'));
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('yes');
});
