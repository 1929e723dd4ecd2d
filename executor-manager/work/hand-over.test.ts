import { Readable } from 'node:stream';
import { createReadStream } from 'node:fs';
import type { ReadStream } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Client } from '#api/client/client';
import { systemClock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import { StatusError, badRequest, unavailable } from '#api/machinery/status-error';
import type { SandboxSpec, SandboxStatus } from '#api/types/generated/sandbox';
import { TASKS } from '#api/types/resources';
import type { RunSandbox } from '#api/types/sandboxes/sandbox';
import { sandboxWorkNotSaved } from '#api/types/sandboxes/sandbox';
import { handOverWork } from './hand-over.ts';
import { Saves } from './saves.ts';

/** Does not wait between tries; limits stay what they are. */
const fast = {
  ...systemClock,
  after: (ms: number, fn: () => void) => systemClock.after(ms < SAVE_MS ? 0 : ms, fn),
};
const SAVE_MS = 600_000;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Given {
  /** The work that was kept, by uid of the Sandbox; the newest last. */
  kept: string[];
  continueFrom?: string[];
  repository?: boolean;
  node?: string;
  /** How the runner answers first. */
  faults?: Error[];
  leftOut?: number;
  /** Bytes of each archive; default 1. */
  bytes?: number;
  /** Sandboxes of which nothing is kept, by uid. */
  before?: Record<string, SandboxStatus>;
  /** Not settled yet. */
  saving?: string;
  /** The uid of the Task that has the name of the run's; default its own. */
  taskThere?: string;
}

const createFinder = (statuses: Record<string, SandboxStatus>, taskUID = 't1') =>
  ({
    find: async (type: unknown, { name }: { name: string }) =>
      type === TASKS
        ? { metadata: { name, uid: taskUID } }
        : statuses[name] && { metadata: { name, uid: name }, status: statuses[name] },
  }) as unknown as Pick<Client, 'find'>;

function handOver({
  kept,
  continueFrom,
  repository = true,
  node,
  faults = [],
  leftOut = 0,
  bytes = 1,
  saving,
  before = {},
  taskThere,
}: Given) {
  const saves = new Saves();
  const taken: string[] = [];
  const ending = new AbortController();
  const archive = (uid: string) => ({ bytes, read: () => Readable.from([uid]) as unknown as ReadStream });
  const files: Partial<SandboxSpec> = {
    ...(repository ? { workspace: { gitUrl: 'u', branchName: 'main', workBranch: 'troupe/t' } } : {}),
    ...(continueFrom && { continueFrom: continueFrom.map((uid) => ({ name: uid, uid })) }),
  };
  const sandbox: RunSandbox = {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Sandbox',
    metadata: { name: 's', uid: 'own' },
    spec: {
      taskRef: { name: 't', uid: 't1' },
      ...{ step: 1, attempt: 1, timeoutSeconds: 60, prompt: 'Hi' },
      ...(node === undefined ? {} : { node }),
      ...files,
      shell: { type: 'ClaudeCode' },
      agent: { botName: 'b' },
    },
  };
  saves.begin({ taskUID: 't1', sandboxUID: 'own' });
  if (saving !== undefined) saves.begin({ taskUID: 't1', sandboxUID: saving });
  const done = handOverWork({
    ...{ saves, sandbox, logger: silentLogger, clock: fast, signal: ending.signal },
    client: createFinder(before, taskThere),
    times: { save: SAVE_MS },
    work: {
      find: async ({ sandboxUID }) => (kept.includes(sandboxUID) ? archive(sandboxUID) : undefined),
      newest: async () => (kept.length === 0 ? undefined : archive(kept.at(-1) ?? '')),
    },
    runner: {
      async replaceWorkspace(stream) {
        const fault = faults.shift();
        if (fault !== undefined) throw fault;
        taken.push((await stream.toArray()).join(''));
        return leftOut;
      },
    },
  });
  return { saves, taken, done, ending };
}

const lost = {
  ...sandboxWorkNotSaved('The disk was full.'),
  lastTransitionTime: '2026-01-01T00:00:00Z',
};

describe('handing work over', () => {
  it.each<[Given, string[], RegExp | undefined, string]>([
    [{ node: 's1', kept: ['a'], continueFrom: ['a'] }, ['a'], undefined, 'the node before'],
    [
      { node: 's1', kept: ['a1', 'p'], continueFrom: ['a2', 'a1', 'p'] },
      ['a1'],
      undefined,
      'the first there is',
    ],
    [{ node: 's1', kept: ['p'], continueFrom: [] }, [], undefined, 'a fresh clone was asked for'],
    [{ node: 's1', kept: ['p'], continueFrom: ['x'] }, [], /not on this .* a fresh clone/, 'on another one'],
    [
      { node: 's1', kept: ['p'], continueFrom: ['x'], repository: false },
      [],
      /not on this .* an empty folder/,
      'on another one, and there is nothing to clone',
    ],
    [{ kept: ['a', 'b'] }, ['b'], undefined, 'a Sandbox of an older version'],
    [
      { node: 's1', kept: ['a', 'b'], continueFrom: ['a'], repository: false },
      ['a'],
      undefined,
      'the node before, where there is no repository',
    ],
    [{ node: 'right', kept: ['left'], repository: false }, [], undefined, 'never those of a node beside it'],
    [{ node: 's0', kept: [] }, [], undefined, 'the first run'],
    [
      { node: 's1', kept: ['a', 'p'], continueFrom: ['a', 'p'], bytes: 0 },
      [],
      undefined,
      'the run before has left no files',
    ],
    [
      { node: 's1', kept: ['a'], continueFrom: ['a'], leftOut: 2 },
      ['a'],
      /^2 pipes or devices/,
      'what could not move is told',
    ],
    [
      { node: 's1', kept: ['a'], continueFrom: ['a'], faults: [unavailable('the runner hung up')] },
      ['a'],
      undefined,
      'again from the beginning when the connection breaks',
    ],
    [
      {
        ...{ node: 's1', kept: ['a'], continueFrom: ['a'] },
        faults: [
          unavailable('it hung up'),
          new StatusError('Conflict', 'runner: the workspace is being read'),
        ],
      },
      ['a'],
      undefined,
      'also while the runner is still busy with what it had',
    ],
  ])('%o gives %o', async (given, want, notice, reason) => {
    const { done, taken } = handOver(given);
    const notices = await done;
    expect(taken, reason).toEqual(want);
    expect(notices).toEqual(notice === undefined ? [] : [expect.stringMatching(notice)]);
  });

  it.each<[SandboxStatus, string | undefined, string]>([
    [
      { phase: 'Succeeded', conditions: [lost] },
      'the Sandbox a. The disk was full.',
      'what it has done is gone',
    ],
    [{ phase: 'Failed', conditions: [lost] }, undefined, 'an attempt that failed is made once more'],
    [{ phase: 'Succeeded' }, undefined, 'it ran on another executor, or had no files'],
  ])('after a run with %o', async (status, message, reason) => {
    const { done } = handOver({ node: 's1', kept: ['p'], continueFrom: ['a', 'p'], before: { a: status } });
    const end = await done.then(() => undefined, String);
    if (message === undefined) expect(end, reason).toBeUndefined();
    else expect(end, reason).toContain(message);
  });

  const one = (): RunSandbox => ({
    ...{ apiVersion: 'agent.wecode.io/v1alpha1', kind: 'Sandbox', metadata: { name: 's', uid: 'own' } },
    spec: {
      ...{ taskRef: { name: 't', uid: 't1' }, step: 1, attempt: 1, timeoutSeconds: 60, prompt: 'Hi' },
      ...{ node: 's1', continueFrom: [{ name: 'a', uid: 'a' }] },
      ...{ shell: { type: 'ClaudeCode' }, agent: { botName: 'b' } },
    },
  });
  const parts = (work: ReadStream, save: number) => ({
    ...{ saves: new Saves(), sandbox: one(), logger: silentLogger, clock: systemClock, times: { save } },
    ...{ client: createFinder({}), signal: new AbortController().signal },
    work: { find: async () => ({ bytes: 1, read: () => work }), newest: async () => undefined },
  });

  it('fails when the runner takes it without an end', async () => {
    const runner = {
      replaceWorkspace: (_: Readable, { signal }: { signal: AbortSignal }) =>
        new Promise<number>((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        }),
    };
    const stream = Readable.from(['x']) as unknown as ReadStream;
    await expect(handOverWork({ ...parts(stream, 1), runner })).rejects.toMatchObject({ reason: 'Timeout' });
  });

  it('fails when the kept work cannot be read, though the runner blames the connection', async () => {
    const runner = {
      replaceWorkspace: (archive: Readable) =>
        archive.toArray().then(
          () => 0,
          () => Promise.reject(unavailable('the runner does not answer')),
        ),
    };
    const end = handOverWork({ ...parts(createReadStream('/nowhere/kept.tar'), SAVE_MS), runner });
    await expect(end).rejects.toThrow('the kept work cannot be read (ENOENT)');
  });

  it('fails when the runner refuses the archive', async () => {
    const faults = [badRequest('the entry "l/x" goes through a link')];
    const { done } = handOver({ node: 's1', kept: ['a'], continueFrom: ['a'], faults });
    await expect(done).rejects.toThrow('goes through a link');
  });

  it.each<[Given, string]>([
    [{ node: 's1', kept: ['a'], continueFrom: ['a'], saving: 'a' }, 'that it names'],
    [{ kept: ['a'], saving: 'a' }, 'of its Task, when it names none'],
  ])('waits for work that is being saved: %o', async (given, reason) => {
    const { saves, done, taken } = handOver(given);
    await settled();
    expect(taken, reason).toEqual([]);
    saves.settle('a');
    await done;
    expect(taken).toEqual(['a']);
  });

  it.each<[Given, string]>([
    [{ node: 's1', kept: ['a'], continueFrom: ['a'], taskThere: 't2' }, 'a Sandbox that it names'],
    [{ kept: ['a'], taskThere: 't2' }, 'the newest of a Task'],
  ])('gives nothing away to a run that only names the uid of a Task: %o', async (given, reason) => {
    const { done, taken } = handOver(given);
    await expect(done, reason).rejects.toThrow('The Task of this run is not there.');
    expect(taken).toEqual([]);
  });

  it('gives up waiting when the Sandbox is deleted', async () => {
    const { done, ending } = handOver({ node: 's1', kept: [], continueFrom: ['a'], saving: 'a' });
    ending.abort(new Error('deleted'));
    await expect(done).rejects.toThrow('deleted');
  });
});

describe('saves', () => {
  const forever = new AbortController().signal;

  it('are waited for until they are settled', async () => {
    const saves = new Saves();
    saves.begin({ taskUID: 't1', sandboxUID: 'a' });
    saves.begin({ taskUID: 't1', sandboxUID: 'own' });
    saves.begin({ taskUID: 't2', sandboxUID: 'b' });
    const order: string[] = [];
    void saves.settled('a', forever).then(() => order.push('a'));
    void saves.settled('unknown', forever).then(() => order.push('unknown'));
    const others = saves.othersSettled({ taskUID: 't1', sandboxUID: 'own' }, forever);
    void others.then(() => order.push('others'));
    await settled();
    expect(order).toEqual(['unknown']);
    saves.settle('a');
    saves.settle('a');
    await others;
    expect(order).toEqual(['unknown', 'a', 'others']);
  });

  it('are not waited for any longer than the signal allows', async () => {
    const saves = new Saves();
    saves.begin({ taskUID: 't1', sandboxUID: 'a' });
    const abort = new AbortController();
    const waiting = saves.settled('a', abort.signal);
    abort.abort(new Error('deleted'));
    await expect(waiting).rejects.toThrow('deleted');
  });
});
