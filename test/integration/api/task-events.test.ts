import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { ApiAnswer, TestApi } from '../../kit/api.ts';

const TASKS = '/apis/agent.wecode.io/v1/namespaces/default/tasks';
const MERGE = { 'content-type': 'application/merge-patch+json' };

interface Sent {
  id: string;
  number: number;
  name: string;
  data?: unknown;
  from?: { name: string };
  at: string;
}

let api: TestApi;
let count = 0;

beforeAll(async () => {
  api = await testApi();
});
afterAll(() => api[Symbol.asyncDispose]());

async function newTask(spec: object = {}): Promise<string> {
  const name = `task-${(count += 1)}`;
  const body = {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Task',
    metadata: { name },
    spec: { prompt: 'do', teamRef: { name: 't' }, ...spec },
  };
  expect((await api.send(TASKS, { method: 'POST', body })).status).toBe(201);
  return name;
}

const send = (name: string, body: object, query = ''): Promise<ApiAnswer> =>
  api.send(`${TASKS}/${name}/events${query}`, { method: 'POST', body });

const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

async function eventsOf(name: string): Promise<Sent[]> {
  const task = (await api.send(`${TASKS}/${name}`)).json() as unknown as { spec: { events?: Sent[] } };
  return task.spec.events ?? [];
}

it('events are kept in order, each once by its id, with who sent them and when', async () => {
  const name = await newTask();
  const all = await Promise.all(
    ['a', 'b', 'c', 'a', 'b', 'c'].map((id) => send(name, { id, name: 'go', data: { id } })),
  );
  expect(all.map(({ status }) => status)).toEqual(all.map(() => 200));
  const events = await eventsOf(name);
  expect(events.map(({ number }) => number)).toEqual([1, 2, 3]);
  expect(events.map(({ id }) => id).toSorted((a, b) => a.localeCompare(b))).toEqual(['a', 'b', 'c']);
  for (const { id, data, from, at } of events) {
    expect([data, from?.name]).toEqual([{ id }, 'troupe-admin']);
    expect(Date.parse(at)).toBeGreaterThan(0);
  }
});

it('no other write adds, changes or takes away any, and messages stay as they are', async () => {
  const forged = [{ id: 'x', number: 1, name: 'forged', from: { name: 'root' } }];
  const name = await newTask({ events: forged });
  expect(await eventsOf(name)).toEqual([]);
  await api.send(`${TASKS}/${name}/messages`, { method: 'POST', body: { id: 'm', text: 'words' } });
  await send(name, { name: 'true' });
  for (const events of [forged, [], null]) {
    const body = { spec: { events, title: `t${JSON.stringify(events)}` } };
    expect((await api.send(`${TASKS}/${name}`, { method: 'PATCH', body, headers: MERGE })).status).toBe(200);
    expect((await eventsOf(name)).map((one) => one.name)).toEqual(['true']);
  }
  const { spec } = (await api.send(`${TASKS}/${name}`)).json() as unknown as { spec: { messages: object[] } };
  expect(spec.messages).toMatchObject([{ id: 'm' }]);
});

it('a dry run sends nothing', async () => {
  const name = await newTask();
  expect((await send(name, { name: 'go' }, '?dryRun=All')).status).toBe(200);
  expect(await eventsOf(name)).toEqual([]);
});

describe('refused is', () => {
  it.each([
    { why: 'no name', body: {}, status: 400 },
    { why: 'a name that is none', body: { name: 'a b' }, status: 422 },
    { why: 'too much data', body: { name: 'a', data: 'x'.repeat(65_536) }, status: 422 },
    { why: 'a list', body: [], status: 400 },
    { why: 'too deep a value', body: { name: 'a', data: nested(101) }, status: 422 },
  ])('$why: $status', async ({ body, status }) => {
    expect((await send(await newTask(), body)).status).toBe(status);
  });

  it('another event under a known id', async () => {
    const name = await newTask();
    await send(name, { id: 'a', name: 'go' });
    expect((await send(name, { id: 'a', name: 'stop' })).status).toBe(409);
  });

  it('one for a Task that is cancelled, or is not there', async () => {
    expect((await send(await newTask({ cancel: true }), { name: 'go' })).status).toBe(409);
    expect((await send('none', { name: 'go' })).status).toBe(404);
  });

  it('more than a Task may keep', async () => {
    const name = await newTask();
    const data = 'x'.repeat(60_000);
    const all: number[] = [];
    for (let index = 0; index < 5; index += 1) all.push((await send(name, { name: 'go', data })).status);
    expect(all).toEqual([200, 200, 200, 200, 422]);
  });
});
