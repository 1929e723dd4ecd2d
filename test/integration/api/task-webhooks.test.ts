import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditedApi } from '../../kit/audited-api.ts';
import type { AuditedApi } from '../../kit/audited-api.ts';
import { testApi } from '../../kit/api.ts';
import type { ApiAnswer, ApiRequest, TestApi } from '../../kit/api.ts';

const TASKS = '/apis/agent.wecode.io/v1/namespaces/default/tasks';
const MERGE = { 'content-type': 'application/merge-patch+json' };

let audited: AuditedApi;
let api: TestApi;
let count = 0;

beforeAll(async () => {
  audited = await auditedApi();
  ({ api } = audited);
});
afterAll(() => audited[Symbol.asyncDispose]());

/** A Task with three steps, as the task controller writes them: one that waits, one that runs, one that has ended. */
async function newTask(on: TestApi = api): Promise<string> {
  const name = `Task-${(count += 1)}`;
  const body = {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Task',
    metadata: { name },
    spec: { prompt: 'do', teamRef: { name: 't' } },
  };
  expect((await on.send(TASKS, { method: 'POST', body })).status).toBe(201);
  const subTasks = [
    { node: 'w', status: 'RUNNING', waitsFor: 'webhook' },
    { node: 'r', status: 'RUNNING' },
    { node: 'e', status: 'COMPLETED', waitsFor: 'webhook' },
  ];
  await setStatus(name, { status: 'RUNNING', subTasks }, on);
  return name;
}

async function setStatus(name: string, status: object, on: TestApi = api): Promise<void> {
  const answer = await on.send(`${TASKS}/${name}/status`, {
    method: 'PATCH',
    body: { status },
    headers: MERGE,
  });
  expect(answer.status).toBe(200);
}

const ask = (name: string, body: object, on: TestApi = api): Promise<ApiAnswer> =>
  on.send(`${TASKS}/${name}/webhooks`, { method: 'POST', body });

async function addressOf(name: string, on: TestApi = api): Promise<string> {
  const answer = await ask(name, { node: 'w' }, on);
  expect(answer.status).toBe(200);
  return (answer.json() as unknown as { path: string }).path;
}

/** Of somebody whom the server does not know. */
const call = (path: string, sent: ApiRequest = {}, on: TestApi = api): Promise<ApiAnswer> =>
  on.send(path, { method: 'POST', token: undefined, ...sent });

async function eventsOf(name: string): Promise<unknown> {
  const task = (await api.send(`${TASKS}/${name}`)).json() as unknown as { spec: { events?: unknown } };
  return task.spec.events ?? [];
}

it('a stranger who has the address gives the step its data, once', async () => {
  const name = await newTask();
  const path = await addressOf(name);
  const answer = await call(path, { body: { ok: true } });
  expect([answer.status, answer.text]).toEqual([202, '{"message":"taken"}\n']);
  expect(await eventsOf(name)).toMatchObject([
    { id: 'webhook-w-1', number: 1, name: 'webhook', node: 'w', data: { ok: true } },
  ]);
  // Its answer was lost, and the sender calls again.
  expect((await call(path, { body: { ok: true } })).status).toBe(202);
  expect((await call(path, { body: { ok: false } })).status).toBe(409);
  // The step has taken it, and the Task goes on.
  const ended = { node: 'w', status: 'COMPLETED', waitsFor: 'webhook', events: [1] };
  await setStatus(name, { status: 'RUNNING', subTasks: [ended, { node: 'r', status: 'RUNNING' }] });
  expect((await call(path, { body: { ok: true } })).status).toBe(202);
  expect((await call(path, { body: { ok: false } })).status).toBe(409);
  expect(await eventsOf(name)).toHaveLength(1);
});

it('a step that runs again can be called again, once', async () => {
  const name = await newTask();
  const path = await addressOf(name);
  expect((await call(path, { body: { n: 1 } })).status).toBe(202);
  await setStatus(name, { subTasks: [{ node: 'w', status: 'RUNNING', waitsFor: 'webhook', events: [1] }] });
  expect((await call(path, { body: { n: 2 } })).status).toBe(202);
  expect((await call(path, { body: { n: 3 } })).status).toBe(409);
  expect(await eventsOf(name)).toMatchObject([{ data: { n: 1 } }, { data: { n: 2 } }]);
});

it('the REST API hands the address out, too, and takes events', async () => {
  const name = await newTask();
  const at = `/api/v1/namespaces/default/tasks/${name}`;
  const answer = await api.send(`${at}/webhooks`, { method: 'POST', body: { node: 'w' } });
  expect(answer.json()).toMatchObject({
    path: expect.stringMatching(`^/webhooks/tasks/default/${name}/w`) as string,
  });
  expect((await api.send(`${at}/events`, { method: 'POST', body: { name: 'go' } })).status).toBe(200);
  expect(await eventsOf(name)).toMatchObject([{ name: 'go' }]);
});

it.each([
  { why: 'a text', sent: { body: 'hello', headers: { 'content-type': 'text/plain' } }, data: 'hello' },
  {
    why: 'JSON of a kind of its own',
    sent: { body: '[1]', headers: { 'content-type': 'application/a+json' } },
    data: [1],
  },
  { why: 'nothing', sent: {}, data: undefined },
])('$why is taken', async ({ sent, data }) => {
  const name = await newTask();
  expect((await call(await addressOf(name), sent)).status).toBe(202);
  expect(await eventsOf(name)).toMatchObject([data === undefined ? { node: 'w' } : { data }]);
});

describe('nobody learns anything by', () => {
  it.each([
    {
      why: 'another token',
      change: (path: string) => path.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
    },
    { why: 'no token', change: (path: string) => path.replace(/\?.*/, '') },
    { why: 'two tokens', change: (path: string) => path.replace('?', '?token=x&') },
    { why: 'another step', change: (path: string) => path.replace('/w?', '/r?') },
    { why: 'another Task', change: (path: string) => path.replace(/Task-\d+/, 'none') },
    { why: 'a Task of another namespace', change: (path: string) => path.replace('/default/', '/other/') },
    { why: 'a later end', change: (path: string) => path.replace(/token=\d+/, 'token=9999999999') },
  ])('$why', async ({ change }) => {
    const name = await newTask();
    const answer = await call(change(await addressOf(name)), { body: 'x'.repeat(70_000) });
    expect(answer.status).toBe(404);
    expect(answer.text).toContain('there is no such address, or not any longer');
    expect(await eventsOf(name)).toEqual([]);
  });

  it('the address of a Task that was made again', async () => {
    const name = await newTask();
    const path = await addressOf(name);
    await api.send(`${TASKS}/${name}`, { method: 'DELETE' });
    expect((await call(path)).status).toBe(404);
  });
});

describe('refused is', () => {
  it.each([
    {
      why: 'too much',
      sent: { body: 'x'.repeat(65_537), headers: { 'content-type': 'text/plain' } },
      status: 413,
    },
    { why: 'half a value', sent: { body: '{"a":' }, status: 400 },
    { why: 'a value without a bottom', sent: { body: '['.repeat(30_000) + ']'.repeat(30_000) }, status: 400 },
    { why: 'a deep value', sent: { body: '['.repeat(101) + ']'.repeat(101) }, status: 422 },
    {
      why: 'a page of another origin',
      sent: { headers: { origin: 'https://attacker.example' } },
      status: 403,
    },
  ])('$why: $status', async ({ sent, status }) => {
    const name = await newTask();
    expect((await call(await addressOf(name), sent)).status).toBe(status);
    expect(await eventsOf(name)).toEqual([]);
  });

  it('a call for a Task that has ended', async () => {
    const name = await newTask();
    const path = await addressOf(name);
    await setStatus(name, { status: 'COMPLETED' });
    expect((await call(path)).status).toBe(409);
  });

  it.each([
    { why: 'a step that runs', body: { node: 'r' }, status: 409 },
    { why: 'a step that has ended', body: { node: 'e' }, status: 409 },
    { why: 'a step that is not there', body: { node: 'x' }, status: 409 },
    { why: 'no step', body: {}, status: 400 },
    { why: 'too long a life', body: { node: 'w', expirationSeconds: 10 ** 9 }, status: 400 },
  ])('an address for $why: $status', async ({ body, status }) => {
    expect((await ask(await newTask(), body)).status).toBe(status);
  });

  it('an address to somebody without the right', async () => {
    const name = await newTask();
    expect((await call(`${TASKS}/${name}/webhooks`, { body: { node: 'w' } })).status).toBe(401);
  });
});

it('the token is in no object and in no line of the audit log, which tells of the call', async () => {
  const name = await newTask();
  const asked = await ask(name, { node: 'w' });
  const path = (asked.json() as unknown as { path: string }).path;
  expect(asked.headers['cache-control']).toBe('no-store');
  const answer = await call(path, { body: {} });
  const token = path.replace(/.*token=/, '');
  const [, mac = ''] = token.split('.');
  const events = [...audited.eventsOf(asked), ...audited.eventsOf(answer)];
  expect(JSON.stringify(events)).not.toContain(mac);
  expect(events.at(-1)).toMatchObject({
    verb: 'post',
    requestURI: `/webhooks/tasks/default/${name}/w?token=[redacted]`,
    user: { username: 'system:anonymous' },
    responseStatus: { code: 202 },
  });
  expect((await api.send(`${TASKS}/${name}`)).text).not.toContain(mac);
});

it('calls from one address have a rate, whatever their tokens are', async () => {
  await using other = await testApi({ edge: { rates: { webhook: [{ requests: 3, seconds: 3600 }] } } });
  const path = await addressOf(await newTask(other), other);
  const statuses: number[] = [];
  for (const where of [`${path}x`, `${path}x`, path, path])
    statuses.push((await call(where, {}, other)).status);
  expect(statuses).toEqual([404, 404, 202, 429]);
});
