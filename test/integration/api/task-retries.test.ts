import { afterAll, beforeAll, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { ApiAnswer, TestApi } from '../../kit/api.ts';

const TASKS = '/apis/agent.wecode.io/v1/namespaces/default/tasks';
const MERGE = { 'content-type': 'application/merge-patch+json' };

let api: TestApi;
let count = 0;

beforeAll(async () => {
  api = await testApi();
});

afterAll(() => api[Symbol.asyncDispose]());

const FAILED = {
  status: 'FAILED',
  subTasks: [
    { node: 's0', status: 'COMPLETED' },
    { node: 's1', status: 'FAILED' },
  ],
};

async function newTask(status: object, spec: object = {}): Promise<string> {
  const name = `task-${(count += 1)}`;
  const body = {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Task',
    metadata: { name },
    spec: { prompt: 'do', teamRef: { name: 't' }, ...spec },
  };
  expect((await api.send(TASKS, { method: 'POST', body })).status).toBe(201);
  const written = await api.send(`${TASKS}/${name}/status`, {
    method: 'PATCH',
    body: { status },
    headers: MERGE,
  });
  expect(written.status).toBe(200);
  return name;
}

const retry = (name: string, body: object): Promise<ApiAnswer> =>
  api.send(`${TASKS}/${name}/retry`, { method: 'POST', body });

const specOf = async (name: string): Promise<{ cancel?: boolean; retries?: object[] }> =>
  ((await api.send(`${TASKS}/${name}`)).json() as unknown as { spec: object }).spec;

it('a step is asked for once by its id, and a cancelled Task is wanted again', async () => {
  const name = await newTask({ ...FAILED, status: 'CANCELLED' }, { cancel: true });
  expect((await retry(name, { id: 'a', node: 's0' })).status).toBe(200);
  expect((await retry(name, { id: 'a', node: 's0' })).status).toBe(200);
  expect((await retry(name, { id: 'a', node: 's1' })).status).toBe(409);
  expect(await specOf(name)).toMatchObject({ cancel: false, retries: [{ id: 'a', node: 's0' }] });
});

it('no body asks for all that have failed', async () => {
  const name = await newTask(FAILED);
  const asked = await api.send(`/api/v1/namespaces/default/tasks/${name}/retry`, { method: 'POST' });
  expect(asked.status).toBe(200);
  expect(await specOf(name)).toMatchObject({ retries: [{ id: expect.any(String) as string }] });
});

it.each([
  {
    why: 'a node that the Task has not',
    status: FAILED,
    body: { node: 's7' },
    code: 422,
    text: /supported values: "s0", "s1"/,
  },
  {
    why: 'none named, and none has failed',
    status: { status: 'COMPLETED' },
    body: {},
    code: 422,
    text: /no step has failed/,
  },
  {
    why: 'a Task under way',
    status: { ...FAILED, status: 'RUNNING' },
    body: {},
    code: 409,
    text: /has not finished: RUNNING/,
  },
  { why: 'no text', status: FAILED, body: { node: 7 }, code: 400, text: /node must be a text/ },
])('refused: $why', async ({ status, body, code, text }) => {
  const name = await newTask(status);
  const refused = await retry(name, body);
  const { message } = refused.json() as unknown as { message: string };
  expect([refused.status, message]).toEqual([code, expect.stringMatching(text)]);
});

it('is taken from kubectl and GitOps in the spec as well', async () => {
  const name = await newTask(FAILED);
  const body = { spec: { retries: [{ id: 'by-hand' }] } };
  expect((await api.send(`${TASKS}/${name}`, { method: 'PATCH', body, headers: MERGE })).status).toBe(200);
  expect((await retry(name, {})).status, 'while it waits').toBe(409);
});
