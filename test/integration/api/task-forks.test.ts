import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { ApiAnswer, TestApi } from '../../kit/api.ts';

const TASKS = '/apis/agent.wecode.io/v1/namespaces/default/tasks';
const MERGE = { 'content-type': 'application/merge-patch+json' };

interface TaskObject {
  metadata: { name: string; resourceVersion: string; uid: string };
  spec: {
    forkFrom?: Record<string, unknown>;
    messages?: { id: string; number: number; text: string; node?: string; from: { name: string } }[];
  };
}

let api: TestApi;

beforeAll(async () => {
  api = await testApi();
});
afterAll(() => api[Symbol.asyncDispose]());

const task = (name: string, spec: object = {}) => ({
  ...{ apiVersion: 'agent.wecode.io/v1', kind: 'Task', metadata: { name } },
  spec: { prompt: 'do', teamRef: { name: 't' }, ...spec },
});

const make = (name: string, spec: object = {}): Promise<ApiAnswer> =>
  api.send(TASKS, { method: 'POST', body: task(name, spec) });

const read = (answer: ApiAnswer): TaskObject => answer.json() as unknown as TaskObject;

/** As the task controller does. */
async function stands(name: string, status: object): Promise<void> {
  const sent = { method: 'PATCH', body: { status }, headers: MERGE } as const;
  expect((await api.send(`${TASKS}/${name}/status`, sent)).status).toBe(200);
}

const SUB_TASKS = [
  { node: 's0', status: 'COMPLETED' },
  { node: 's1', status: 'COMPLETED' },
  { node: 's2', status: 'FAILED' },
  { node: 's3', status: 'PENDING' },
];

const WHY = 'AgentFailed: no';
const [S0, S1] = SUB_TASKS;
const FAILED_AT_S2 = {
  status: 'FAILED',
  errorMessage: `Step 3 of 3 (print) failed: ${WHY}`,
  subTasks: [
    S0,
    { ...S1, status: 'FAILED', errorMessage: 'AgentFailed: but it goes on' },
    { node: 's2', status: 'FAILED', errorMessage: WHY },
  ],
};
const CANCELLED_AT_S1 = { status: 'CANCELLED', subTasks: [S0, { node: 's1', status: 'CANCELLED' }] };

/** A Task with these steps, and the uid that it has. */
async function parent(name: string, status: object = {}): Promise<string> {
  const made = await make(name);
  expect(made.status).toBe(201);
  await stands(name, { status: 'RUNNING', revision: 'r1', subTasks: SUB_TASKS, ...status });
  return read(made).metadata.uid;
}

describe('a Task with spec.forkFrom', () => {
  it.each([
    { why: 'the last step that has ended well', given: {}, step: 's1' },
    { why: 'the step that is named', given: { step: 's0' }, step: 's0' },
    { why: 'the last step that has ended, where there are words', given: { text: 'Else.' }, step: 's2' },
  ])('gets noted: the uid, the TaskRevision, and $why', async ({ given, step }) => {
    const name = `noted-${step}`;
    const uid = await parent(name);
    const forged = { uid: 'forged', revision: 'forged', messages: 7 };
    const made = await make(`${name}-fork`, { forkFrom: { task: name, ...given, ...forged } });
    expect(made.status).toBe(201);
    const stamp = { task: name, ...given, step, uid, revision: 'r1', messages: 0 };
    expect(read(made).spec.forkFrom).toEqual(stamp);
  });

  it('gets the messages up to the last one that was heard by then, and its words behind them', async () => {
    const uid = await parent('talk');
    for (const id of ['a', 'b', 'c'])
      await api.send(`${TASKS}/talk/messages`, { method: 'POST', body: { id, text: `words ${id}` } });
    const messages = [
      { id: 'a', state: 'Expired' },
      { id: 'b', state: 'Applied', node: 's1' },
      { id: 'c', state: 'Applied', node: 's2' },
    ];
    await stands('talk', { messages });
    const { spec } = read(await make('talk-fork', { forkFrom: { task: 'talk', step: 's1', text: 'Else.' } }));
    expect(spec.forkFrom).toMatchObject({ uid, messages: 2 });
    expect((spec.messages ?? []).map(({ number, text, node }) => [number, text, node])).toEqual([
      [1, 'words a', undefined],
      [2, 'words b', undefined],
      [3, 'Else.', 's1'],
    ]);
    expect(spec.messages?.at(-1)?.from.name).toBe('troupe-admin');
  });

  it.each([
    { why: 'nothing has that name', name: 'none', given: {}, message: 'there is no such Task' },
    { why: 'the Task has not begun', name: 'new', given: {}, message: 'the Task has not begun' },
    {
      why: 'nothing is done',
      name: 'empty',
      given: {},
      message: 'no step of the Task has come to a good end',
    },
    {
      why: 'the step is unknown',
      name: 'known',
      given: { step: 'x' },
      message: 'supported values: "s0", "s1", "s2"',
    },
    {
      why: 'the step has not ended',
      name: 'known',
      given: { step: 's3' },
      message: 'Invalid value: "s3": the step has not ended',
    },
    {
      why: 'another TaskRevision is asked for',
      name: 'known',
      given: {},
      revision: 'r2',
      message: 'spec.revision: Invalid value: "r2": a fork runs with the TaskRevision of the other Task',
    },
    {
      why: 'another Team is asked for',
      name: 'known',
      given: {},
      more: { teamRef: { name: 'u' } },
      message:
        'spec.teamRef.name: Invalid value: "u": a fork runs with the TaskRevision of the other Task, which is one of Team "default/t"',
    },
    {
      why: 'a Team of that name in another namespace is asked for',
      name: 'known',
      given: {},
      more: { teamRef: { name: 't', namespace: 'public' } },
      message: 'spec.teamRef.name',
    },
    {
      why: 'the other Task has failed at the step',
      name: 'failed',
      given: { step: 's2' },
      message:
        'spec.forkFrom.step: Invalid value: "s2": Task "failed" does not go on behind step "s2", which is FAILED; words (spec.forkFrom.text) do',
    },
    {
      why: 'the other Task was cancelled at the step',
      name: 'cancelled',
      given: { step: 's1' },
      message: 'does not go on behind step "s1", which is CANCELLED',
    },
  ])('is refused where $why', async ({ name, given, revision, more, message }) => {
    if (name === 'new') await make('new');
    if (name === 'empty') await parent('empty', { subTasks: [] });
    if (name === 'known')
      await make('known').then(() => stands('known', { revision: 'r1', subTasks: SUB_TASKS }));
    if (name === 'failed') await parent('failed', FAILED_AT_S2);
    if (name === 'cancelled') await parent('cancelled', CANCELLED_AT_S1);
    const answer = await make(`${name}-fork`, {
      forkFrom: { task: name, ...given },
      ...more,
      ...(revision === undefined ? {} : { revision }),
    });
    expect(answer.status).toBe(422);
    expect(answer.text).toContain(JSON.stringify(message).slice(1, -1));
  });

  it.each([
    { why: 'words go on from it', step: 's2', text: 'Try this.', more: {} },
    { why: 'the Task failed elsewhere', step: 's1', more: {} },
    {
      why: 'the Task was taken up again',
      step: 's2',
      more: { messages: [{ id: 'a', state: 'Applied', node: 'message-1' }] },
    },
  ])('may go on from a step that failed where $why', async ({ step, text, more }) => {
    const name = `bad-${step}-${text === undefined ? Object.keys(more).length : 'words'}`;
    await parent(name, { ...FAILED_AT_S2, ...more });
    const made = await make(`${name}-fork`, { forkFrom: { task: name, step, text } });
    expect(made.status).toBe(201);
  });

  it('is as it is for good, and the same manifest changes nothing', async () => {
    await parent('fixed');
    const { spec, ...manifest } = task('fixed-fork', { forkFrom: { task: 'fixed' } });
    const first = read(await make('fixed-fork', { forkFrom: { task: 'fixed' } }));
    const { resourceVersion } = first.metadata;
    const put = (given: object): Promise<ApiAnswer> =>
      api.send(`${TASKS}/fixed-fork`, {
        method: 'PUT',
        body: { ...manifest, metadata: { name: 'fixed-fork', resourceVersion }, spec: given },
      });
    const again = await put(spec);
    expect([again.status, read(again).spec]).toEqual([200, first.spec]);
    for (const forkFrom of [
      { task: 'other' },
      { task: 'fixed', step: 's0' },
      { task: 'fixed', text: 'x' },
      undefined,
    ]) {
      const answer = await put({ ...spec, forkFrom });
      expect([answer.status, answer.text]).toEqual([422, expect.stringContaining('field is immutable')]);
    }
  });
});
