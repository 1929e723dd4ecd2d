import { describe, expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import { StatusError } from '#api/machinery/status-error';
import type { Runtime } from '../drivers/driver.ts';
import { takeInventory } from './inventory.ts';

const forever = new AbortController().signal;
const fast = { ...systemClock, after: (_: number, fn: () => void) => systemClock.after(0, fn) };
const runtime: Runtime = { id: 'a', name: 'n', address: { host: '127.0.0.1', port: 1 }, running: true };
const take = (list: () => Promise<Runtime[]>, signal = forever) =>
  takeInventory({ driver: { list }, logger: silentLogger, clock: fast, signal });

describe('inventory', () => {
  it.each([
    [new StatusError('ServiceUnavailable', 'away'), 'an engine that is away'],
    [new StatusError('NotFound', 'no such page'), 'something else than an engine at the address'],
    [new SyntaxError('half a record'), 'whatever else'],
  ])('%s: asks again', async (error, reason) => {
    const faults: Error[] = [error, error];
    const inventory = await take(async () => {
      const fault = faults.pop();
      if (fault !== undefined) throw fault;
      return [runtime];
    });
    expect([...inventory], reason).toEqual(['a']);
  });

  it('ends with its signal', async () => {
    const abort = new AbortController();
    const taking = take(() => Promise.reject(new Error('away')), abort.signal);
    abort.abort(new Error('stop'));
    await expect(taking).rejects.toThrow('stop');
  });
});
