import { describe, expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import { StatusError } from '#api/machinery/status-error';
import type { StatusReason } from '#api/machinery/status-error';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { RuntimeSpec, SandboxDriver } from '../drivers/driver.ts';
import type { SandboxContext } from './context.ts';
import { startRuntime } from './start-runtime.ts';

const fast = { ...systemClock, after: (_: number, fn: () => void) => systemClock.after(0, fn) };

const sandboxOf = (taskUID: string): Sandbox => ({
  apiVersion: 'agent.wecode.io/v1alpha1',
  kind: 'Sandbox',
  metadata: { name: 's', namespace: 'default', uid: 'u' },
  spec: {
    taskRef: { name: 't', uid: taskUID },
    ...{ step: 0, attempt: 1, timeoutSeconds: 60, prompt: 'Hi' },
    shell: { type: 'Chat' },
    agent: { botName: 'b' },
  },
});

/** An engine that answers with these errors first. */
function start(faults: StatusReason[], taskUID = 'uid-1') {
  const ports: number[] = [];
  const driver: Pick<SandboxDriver, 'start' | 'remove'> = {
    start(spec: RuntimeSpec) {
      ports.push(spec.port);
      const fault = faults.shift();
      if (fault !== undefined) return Promise.reject(new StatusError(fault, fault));
      const address = { host: '127.0.0.1', port: spec.port };
      return Promise.resolve({ id: 'c', sandboxUID: 'u', taskUID, address, running: true });
    },
    remove: () => Promise.resolve(),
  };
  const context = { driver, logger: silentLogger, clock: fast, tokenFor: () => ({ token: '', hash: '' }) };
  const place = { changePort: () => Promise.resolve(8) };
  const how = { place, port: 7, signal: new AbortController().signal } as never;
  const started = startRuntime(context as unknown as SandboxContext, sandboxOf(taskUID), how);
  return { started, ports };
}

describe('startRuntime', () => {
  it.each<[StatusReason[], number[], string]>([
    [['ServiceUnavailable', 'ServiceUnavailable'], [7, 7, 7], 'waits for an engine that is away'],
    [['Conflict'], [7, 8], 'takes another port when it is in use'],
  ])('%o', async (faults, want, reason) => {
    const { started, ports } = start(faults);
    await started;
    expect(ports, reason).toEqual(want);
  });

  it.each<[StatusReason, string]>([
    ['InternalError', 'an engine that fails is no reason to wait without end'],
    ['NotFound', 'an image that is not there'],
  ])('gives up for %s', async (fault, reason) => {
    const { started, ports } = start([fault]);
    await expect(started, reason).rejects.toMatchObject({ reason: fault });
    expect(ports).toEqual([7]);
  });

  it.each(['../../etc', 'a/b', 'a?force=true', '', '-'])('refuses the uid "%s"', async (uid) => {
    const { started, ports } = start([], uid);
    await expect(started).rejects.toThrow('spec.taskRef.uid must be the uid of a Task');
    expect(ports).toEqual([]);
  });
});
