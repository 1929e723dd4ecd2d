import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { PortAllocator } from './port-allocator.ts';

const forever = new AbortController().signal;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const stoppedClock: Clock = { now: () => 0, after: () => () => undefined };

describe('port allocator', () => {
  it('never gives one port to two, whatever the order of acquiring and releasing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.constantFrom('acquire', 'release', 'adopt'), { maxLength: 40 }),
        fc.integer({ min: 0, max: 3 }),
        async (size, steps, foreign) => {
          const ports = new PortAllocator({
            min: 100,
            max: 99 + size,
            clock: stoppedClock,
            isFree: (port) => Promise.resolve(port !== 100 + foreign),
          });
          const held: number[] = [];
          for (const step of steps) {
            if (step === 'acquire') void ports.acquire(forever).then((port) => held.push(port));
            else if (step === 'adopt' && ports.adopt(100)) held.push(100);
            else if (step === 'release' && held.length > 0) ports.release(held.shift() as number);
            await settled();
            expect(new Set(held).size).toBe(held.length);
            expect(held.every((port) => port >= 100 && port <= 99 + size)).toBe(true);
          }
        },
      ),
    );
  });

  it('serves who waits in the order in which they came', async () => {
    const ports = new PortAllocator({
      min: 7,
      max: 7,
      clock: stoppedClock,
      isFree: () => Promise.resolve(true),
    });
    const order: string[] = [];
    await ports.acquire(forever);
    expect(ports.isExhausted()).toBe(true);
    for (const name of ['a', 'b', 'c']) {
      void ports.acquire(forever).then(() => {
        order.push(name);
        ports.release(7);
      });
    }
    ports.release(7);
    while (order.length < 3) await settled();
    expect(order).toEqual(['a', 'b', 'c']);
  });

  it('lets go of who stopped waiting', async () => {
    const ports = new PortAllocator({
      min: 7,
      max: 7,
      clock: stoppedClock,
      isFree: () => Promise.resolve(true),
    });
    await ports.acquire(forever);
    const abort = new AbortController();
    const gaveUp = ports.acquire(abort.signal);
    const next = ports.acquire(forever);
    abort.abort(new Error('gone'));
    await expect(gaveUp).rejects.toThrow('gone');
    ports.release(7);
    await expect(next).resolves.toBe(7);
  });

  it('lets go at once, not only when those before have theirs', async () => {
    const isFree = (): Promise<boolean> => Promise.resolve(true);
    const ports = new PortAllocator({ min: 7, max: 7, clock: stoppedClock, isFree });
    await ports.acquire(forever);
    const first = ports.acquire(forever);
    const abort = new AbortController();
    const second = ports.acquire(abort.signal);
    const third = ports.acquire(forever);
    abort.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    ports.release(7);
    await expect(first).resolves.toBe(7);
    ports.release(7);
    await expect(third).resolves.toBe(7);
  });

  it('skips a port on which another program listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const ports = new PortAllocator({ min: port, max: port, clock: systemClock });
    const abort = new AbortController();
    const acquired = ports.acquire(abort.signal);
    await new Promise((resolve) => server.close(resolve));
    await expect(acquired, 'and takes it once it is free').resolves.toBe(port);
    abort.abort();
  });
});
