import { describe, expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import { StatusError } from '#api/machinery/status-error';
import { PortAllocator } from './port-allocator.ts';
import { RuntimePorts } from './runtime-ports.ts';

const forever = new AbortController().signal;

function portsOf(count: number) {
  const isFree = (): Promise<boolean> => Promise.resolve(true);
  const allocator = new PortAllocator({ min: 1, max: count, clock: systemClock, isFree });
  return { allocator, ports: new RuntimePorts(allocator) };
}

/** Starts a runtime where these ports are in use by others. */
async function start(ports: RuntimePorts, id: string, inUse: number[] = []) {
  const tried: number[] = [];
  let undone = 0;
  const port = await ports.startOn(
    id,
    {
      start(given) {
        tried.push(given);
        return inUse.includes(given)
          ? Promise.reject(new StatusError('Conflict', 'port is already allocated'))
          : Promise.resolve(given);
      },
      undo: () => Promise.resolve(void (undone += 1)),
    },
    forever,
  );
  return { port, tried, undone };
}

describe('the ports of runtimes', () => {
  it('stay with their runtimes over starts, until they are released', async () => {
    const { ports, allocator } = portsOf(2);
    expect((await start(ports, 'a')).port).toBe(1);
    expect((await start(ports, 'b')).port).toBe(2);
    expect((await start(ports, 'a')).port, 'started again').toBe(1);
    expect(ports.published).toMatchObject({ min: 1, max: 2 });
    expect(ports.published.inUse()).toBe(2);
    ports.release('a');
    ports.release('a');
    expect(ports.published.inUse()).toBe(1);
    expect(allocator.isExhausted(), 'released once only').toBe(false);
    expect((await start(ports, 'c')).port).toBe(1);
  });

  it('are changed where somebody else listens', async () => {
    const { ports } = portsOf(3);
    expect(await start(ports, 'a', [1, 2])).toEqual({ port: 3, tried: [1, 2, 3], undone: 2 });
    expect((await start(ports, 'b')).port, 'the refused ones are free again').toBe(1);
  });

  it('are tried five times', async () => {
    const { ports } = portsOf(9);
    await expect(start(ports, 'a', [1, 2, 3, 4, 5])).rejects.toThrow('already allocated');
  });

  it('of runtimes that were found are theirs, once', async () => {
    const { ports, allocator } = portsOf(2);
    ports.adopt('old', 2);
    ports.adopt('old', 2);
    ports.adopt('double', 2);
    ports.release('double');
    expect((await start(ports, 'new')).port).toBe(1);
    expect(allocator.isExhausted()).toBe(true);
    ports.release('old');
    expect(allocator.isExhausted()).toBe(false);
  });

  it('are waited for, as long as the signal allows', async () => {
    const { ports } = portsOf(1);
    await start(ports, 'a');
    const abort = new AbortController();
    const act = { start: () => Promise.resolve(), undo: () => Promise.resolve() };
    const waiting = ports.startOn('b', act, abort.signal);
    abort.abort(new Error('deleted'));
    await expect(waiting).rejects.toThrow('deleted');
  });
});
