import { describe, expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import { StatusError } from '#api/machinery/status-error';
import type { Runtime } from '../drivers/driver.ts';
import { createPortAllocator } from '../places/port-allocator.ts';
import { takeInventory } from './inventory.ts';

const forever = new AbortController().signal;
const fast = { ...systemClock, after: (_: number, fn: () => void) => systemClock.after(0, fn) };

const runtime = (uid: string, port: number, running = true): Runtime => ({
  id: uid,
  sandboxUID: uid,
  taskUID: 't',
  address: { host: '127.0.0.1', port },
  running,
});

function world(list: () => Promise<Runtime[]>, signal = forever) {
  const ports = createPortAllocator({ min: 1, max: 2, clock: fast, isFree: () => Promise.resolve(true) });
  const options = { driver: { list }, ports, logger: silentLogger, clock: fast, signal };
  return { ports, taking: takeInventory(options) };
}

describe('inventory', () => {
  it('holds the ports of what runs, until it was removed or taken over', async () => {
    const found = [runtime('a', 1), runtime('b', 2), runtime('ended', 1, false)];
    const { ports, taking } = world(() => Promise.resolve(found));
    const inventory = await taking;
    expect(ports.isExhausted()).toBe(true);
    expect(inventory.handOver('b')).toBe(true);
    inventory.removed('b');
    inventory.removed('ended');
    expect(ports.isExhausted(), 'the port of b is somebody else’s now').toBe(true);
    inventory.removed('a');
    expect(await ports.acquire(forever)).toBe(1);
    inventory.removed('a');
    expect(ports.isExhausted(), 'released once only').toBe(true);
  });

  it.each([
    [new StatusError('ServiceUnavailable', 'away'), 'an engine that is away'],
    [new StatusError('NotFound', 'no such page'), 'something else than an engine at the address'],
    [new SyntaxError('half a record'), 'whatever else'],
  ])('%s: asks again', async (error, reason) => {
    const faults: Error[] = [error, error];
    const { taking, ports } = world(async () => {
      const fault = faults.pop();
      if (fault !== undefined) throw fault;
      return [runtime('a', 1), runtime('b', 2)];
    });
    await taking;
    expect(ports.isExhausted(), reason).toBe(true);
  });

  it('ends with its signal', async () => {
    const abort = new AbortController();
    const { taking } = world(() => Promise.reject(new Error('away')), abort.signal);
    abort.abort(new Error('stop'));
    await expect(taking).rejects.toThrow('stop');
  });
});
