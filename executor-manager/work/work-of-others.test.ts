import { Readable } from 'node:stream';
import type { ReadStream } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Client } from '#api/client/client';
import { systemClock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import { TASKS } from '#api/types/resources';
import type { RunSandbox } from '#api/types/sandboxes/sandbox';
import { handOverWork } from './hand-over.ts';
import { Saves } from './saves.ts';

describe('the work of another Task', () => {
  const sandbox: RunSandbox = {
    ...{ apiVersion: 'agent.wecode.io/v1alpha1', kind: 'Sandbox', metadata: { name: 's', uid: 'own' } },
    spec: {
      ...{ taskRef: { name: 'fork', uid: 'f1' }, step: 1, attempt: 1, timeoutSeconds: 60, prompt: 'Hi' },
      ...{ node: 's1', continueFrom: [{ name: 'a', uid: 'a', taskUID: 'p1' }] },
      ...{ shell: { type: 'ClaudeCode' }, agent: { botName: 'b' } },
    },
  };

  const takenOver = { node: 's0', sandboxUID: 'a', forkedFrom: { task: 'p', uid: 'p1' } };
  const asFork = { uid: 'f1', forkFrom: { task: 'p', uid: 'p1' }, subTasks: [takenOver], kept: 'p1/a' };
  const held = { uid: 'a', ownerReferences: [{ uid: 'p1' }, { uid: 'f1' }] };

  interface Told {
    uid?: string;
    forkFrom?: object | undefined;
    subTasks?: object[];
    kept?: string;
    /** The Sandbox of the work, in the namespace of the run. */
    before?: { uid: string; ownerReferences?: object[] } | undefined;
  }

  async function handOverTo(told: Told): Promise<string> {
    const { uid, forkFrom, subTasks, kept, before } = { ...asFork, before: held, ...told };
    const taken: string[] = [];
    const task = {
      metadata: { name: 'fork', namespace: 'ns', uid },
      ...{ spec: { forkFrom }, status: { subTasks } },
    };
    const find = async (type: unknown) => (type === TASKS ? task : before && { metadata: before });
    await handOverWork({
      ...{ saves: new Saves(), sandbox, logger: silentLogger, clock: systemClock, times: { save: 60_000 } },
      signal: new AbortController().signal,
      client: { find } as unknown as Pick<Client, 'find'>,
      work: {
        find: async ({ taskUID, sandboxUID }) =>
          `${taskUID}/${sandboxUID}` === kept
            ? { bytes: 1, read: () => Readable.from([kept]) as unknown as ReadStream }
            : undefined,
        newest: async () => undefined,
      },
      runner: {
        async replaceWorkspace(stream) {
          taken.push((await stream.toArray()).join(''));
          return 0;
        },
      },
    });
    return taken.join();
  }

  it.each<Told & { reason: string }>([
    { reason: 'its status says so' },
    {
      reason: 'it is a fork of a fork, which has the work of the first Task',
      forkFrom: { task: 'f', uid: 'f0' },
    },
    {
      reason: 'the other Task is gone',
      before: { uid: 'a', ownerReferences: [{ uid: 'f1' }] },
    },
    {
      reason: 'the record names its own namespace',
      subTasks: [{ ...takenOver, executor_namespace: 'ns' }],
    },
  ])('is handed over to a fork that owns its Sandbox: $reason', async (told) => {
    await expect(handOverTo(told)).resolves.toBe('p1/a');
  });

  const nothing = 'has taken over nothing';
  const notOwned = 'does not own that Sandbox';
  it.each<Told & { reason: string; message: string }>([
    { reason: 'the Task has taken over nothing', subTasks: [], message: nothing },
    {
      reason: 'it has taken over another step',
      subTasks: [{ ...takenOver, sandboxUID: 'b' }],
      message: nothing,
    },
    {
      reason: 'it has taken over from another Task',
      subTasks: [{ ...takenOver, forkedFrom: { task: 'p', uid: 'p2' } }],
      message: nothing,
    },
    { reason: 'somebody wrote the status of a Task that is no fork', forkFrom: undefined, message: nothing },
    {
      reason: 'the record names another namespace',
      subTasks: [{ ...takenOver, executor_namespace: 'other' }],
      message: nothing,
    },
    { reason: 'another Task has its name now', uid: 'f2', message: 'The Task of this run is not there.' },
    { reason: 'the Sandbox is not in its namespace', before: undefined, message: notOwned },
    {
      reason: 'another Sandbox has its name here',
      before: { ...held, uid: 'b' },
      message: notOwned,
    },
    {
      reason: 'the Task does not own the Sandbox',
      before: { uid: 'a', ownerReferences: [{ uid: 'p1' }] },
      message: notOwned,
    },
    { reason: 'the Sandbox has no owners', before: { uid: 'a' }, message: notOwned },
    {
      reason: 'nothing is kept here',
      kept: 'p1/b',
      message: 'They are not on this Executor, or no longer kept.',
    },
  ])('is not where $reason', async ({ message, ...told }) => {
    await expect(handOverTo(told)).rejects.toThrow(message);
  });
});
