import { describe, expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import { StatusError } from '#api/machinery/status-error';
import type { StatusReason } from '#api/machinery/status-error';
import { isRuntimeID } from '../drivers/driver.ts';
import type { RuntimeDriver, RuntimeSpec } from '../drivers/driver.ts';
import { StartedOnDemand } from './runtime-source.ts';

const forever = new AbortController().signal;
const fast = { ...systemClock, after: (_: number, fn: () => void) => systemClock.after(0, fn) };
const limits = { memory: 1, cpus: 1, pids: 1, disk: 1 };

/** An engine that answers with these errors first. */
function source(faults: StatusReason[]) {
  const specs: RuntimeSpec[] = [];
  const driver: Pick<RuntimeDriver, 'start'> = {
    start(spec) {
      specs.push(spec);
      const fault = faults.shift();
      if (fault !== undefined) return Promise.reject(new StatusError(fault, fault));
      const address = { host: '127.0.0.1', port: 7 };
      return Promise.resolve({ id: spec.id, name: 'n', address, running: true });
    },
  };
  const tokenFor = (id: string) => ({ hash: `hash of ${id}` });
  return { specs, runtimes: new StartedOnDemand({ driver, tokenFor, logger: silentLogger, clock: fast }) };
}

describe('runtimes that are started on demand', () => {
  it('have an id before they are started, each its own, and get nothing of a run', async () => {
    const { specs, runtimes } = source([]);
    const one = runtimes.reserve({ limits, image: 'i:1' }, 'r1');
    const other = runtimes.reserve({ limits }, 'r1');
    expect(specs, 'nothing is started').toEqual([]);
    expect(isRuntimeID(one.runtimeID)).toBe(true);
    expect(one.runtimeID).not.toBe(other.runtimeID);
    expect((await one.start(forever)).id).toBe(one.runtimeID);
    expect(specs).toEqual([
      { id: one.runtimeID, tokenHash: `hash of ${one.runtimeID}`, image: 'i:1', limits },
    ]);
  });

  it('wait for an engine that is away', async () => {
    const { specs, runtimes } = source(['ServiceUnavailable', 'ServiceUnavailable']);
    const { start, runtimeID } = runtimes.reserve({ limits }, 'r1');
    await start(forever);
    expect(specs.map(({ id }) => id)).toEqual([runtimeID, runtimeID, runtimeID]);
  });

  it.each<[StatusReason, string]>([
    ['InternalError', 'an engine that fails is no reason to wait without end'],
    ['NotFound', 'an image that is not there'],
    ['Conflict', 'no port that is free, after all tries of the driver'],
  ])('are given up for %s', async (fault, reason) => {
    const { specs, runtimes } = source([fault]);
    await expect(runtimes.reserve({ limits }, 'r1').start(forever), reason).rejects.toMatchObject({
      reason: fault,
    });
    expect(specs).toHaveLength(1);
  });
});
