import { afterAll, beforeAll, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { ApiAnswer, TestApi } from '../../kit/api.ts';
import { taskRevisionName } from '#api/types/tasks/task-revision';

const TASKS = '/apis/agent.wecode.io/v1/namespaces/default/tasks';
const MERGE = { 'content-type': 'application/merge-patch+json' };

interface Posted {
  id: string;
  number: number;
  text: string;
  policy: string;
  from: { name: string };
  at: string;
}

interface TaskObject {
  metadata: { generation: number };
  spec: { cancel?: boolean; messages?: Posted[]; title?: string };
}

let api: TestApi;
let count = 0;

beforeAll(async () => {
  api = await testApi();
});

afterAll(() => api[Symbol.asyncDispose]());

async function newTask(spec: object = {}, status?: object): Promise<string> {
  const name = `task-${(count += 1)}`;
  const body = {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Task',
    metadata: { name },
    spec: { prompt: 'do', teamRef: { name: 't' }, ...spec },
  };
  expect((await api.send(TASKS, { method: 'POST', body })).status).toBe(201);
  if (status !== undefined) await setStatus(name, status);
  return name;
}

async function setStatus(name: string, status: object): Promise<void> {
  const answer = await api.send(`${TASKS}/${name}/status`, {
    method: 'PATCH',
    body: { status },
    headers: MERGE,
  });
  expect(answer.status).toBe(200);
}

const post = (name: string, body: object, query = ''): Promise<ApiAnswer> =>
  api.send(`${TASKS}/${name}/messages${query}`, { method: 'POST', body });

const taskNamed = async (name: string): Promise<TaskObject> =>
  (await api.send(`${TASKS}/${name}`)).json() as unknown as TaskObject;

const textsOf = async (name: string): Promise<string[]> =>
  ((await taskNamed(name)).spec.messages ?? []).map(({ text }) => text);

const conversation = async (name: string): Promise<{ role: string; content: string }[]> => {
  const { items } = (await api.send(`${TASKS}/${name}/messages`)).json() as unknown as {
    items: { role: string; content: string }[];
  };
  return items.map(({ role, content }) => ({ role, content }));
};

it('messages are kept in order, each once by its id, with who said them and when', async () => {
  const name = await newTask();
  const all = await Promise.all(
    ['a', 'b', 'c', 'a', 'b', 'c'].map((id) => post(name, { id, text: `words ${id}` })),
  );
  expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
  const { messages = [] } = (await taskNamed(name)).spec;
  expect(messages.map(({ number }) => number)).toEqual([1, 2, 3]);
  expect(messages.map(({ id }) => id).toSorted((a, b) => a.localeCompare(b))).toEqual(['a', 'b', 'c']);
  for (const { from, at, policy } of messages) {
    expect([from.name, policy]).toEqual(['troupe-admin', 'Queue']);
    expect(Date.parse(at)).toBeGreaterThan(0);
  }
  expect(await conversation(name)).toEqual(messages.map(({ text }) => ({ role: 'USER', content: text })));
});

it('they are events of the log', async () => {
  const name = await newTask();
  await post(name, { id: 'a', text: 'go left', policy: 'Interrupt' });
  const lines = (await api.send(`${TASKS}/${name}/log`, { headers: { accept: 'application/x-ndjson' } })).text
    .trim()
    .split('\n');
  const events = lines.map((line) => JSON.parse(line) as { source: string; type: string; data: object });
  expect(events.map(({ source, type, data }) => ({ source, type, data }))).toEqual([
    {
      source: 'messages',
      type: 'message',
      data: { id: 'a', from: 'troupe-admin', text: 'go left', policy: 'Interrupt' },
    },
  ]);
});

it('no other write adds, changes or takes away any', async () => {
  const forged = [{ id: 'x', number: 1, text: 'forged', policy: 'Queue', from: { name: 'root' } }];
  const name = await newTask({ messages: forged });
  expect(await textsOf(name)).toEqual([]);
  await post(name, { text: 'true' });
  for (const messages of [forged, [], null]) {
    const body = { spec: { messages, title: `t${JSON.stringify(messages)}` } };
    expect((await api.send(`${TASKS}/${name}`, { method: 'PATCH', body, headers: MERGE })).status).toBe(200);
    expect(await textsOf(name)).toEqual(['true']);
  }
});

const RUNNING = { status: 'RUNNING', subTasks: [{ node: 's0', status: 'RUNNING' }] };
const COMPLETED = { status: 'COMPLETED', subTasks: [{ node: 's0', status: 'COMPLETED' }] };

it.each([
  { why: 'no words', body: { text: ' ' }, code: 400, message: /text must be the words/ },
  {
    why: 'a policy that is none',
    body: { text: 'x', policy: 'Now' },
    code: 400,
    message: /policy must be one of/,
  },
  {
    why: 'a node and a member',
    body: { text: 'x', node: 's0', member: 'm' },
    code: 400,
    message: /not both/,
  },
  {
    why: 'a node that the Task has not',
    body: { text: 'x', node: 's7' },
    code: 422,
    message: /node: Unsupported value: "s7": supported values: "s0"/,
  },
  { why: 'an id of another form', body: { text: 'x', id: 'a b' }, code: 422, message: /spec.messages/ },
  {
    why: 'too many words',
    body: { text: 'x'.repeat(65_537) },
    code: 422,
    message: /may not be more than 65536/,
  },
  {
    why: 'too many bytes in few characters',
    body: { text: '語'.repeat(21_846) },
    code: 422,
    message: /text: Too long: may not be more than 65536 bytes/,
  },
  {
    why: 'Reject while it runs',
    body: { text: 'x', policy: 'Reject' },
    code: 409,
    message: /has not finished: RUNNING/,
  },
])('refused: $why', async ({ body, code, message }) => {
  const name = await newTask({}, RUNNING);
  const refused = await post(name, body);
  expect([refused.status, (refused.json() as unknown as { message: string }).message]).toEqual([
    code,
    expect.stringMatching(message),
  ]);
  expect(await textsOf(name)).toEqual([]);
});

const REVISION = {
  teamRef: { name: 'crew' },
  mode: 'route',
  nodes: [
    { id: 's0', name: 'leader' },
    { id: 'w0', name: 'call', kind: 'action' },
  ],
  members: { builder: {}, tester: {} },
};
const REVISION_NAME = taskRevisionName(REVISION);
const [LED, ALONE] = [['leader', 'builder', 'tester'], [{ name: 'amy', botRef: { name: 'bot' } }]];

async function create(
  group: string,
  kind: string,
  object: { metadata: object; spec: object },
): Promise<void> {
  const path = `/apis/agent.wecode.io/${group}/namespaces/default/${kind.toLowerCase()}s`;
  const body = { apiVersion: `agent.wecode.io/${group}`, kind, ...object };
  expect((await api.send(path, { method: 'POST', body })).status).toBe(201);
}

it.each([
  { why: 'the Task runs', name: 'runs', status: { ...RUNNING, revision: REVISION_NAME }, known: LED },
  { why: 'the Task names a TaskRevision', name: 'names', spec: { revision: REVISION_NAME }, known: LED },
  { why: 'the Task waits to begin', name: 'waits', known: ['amy'] },
  { why: 'the Team is pinned', name: 'pinned', team: { revision: REVISION_NAME }, known: LED },
  {
    why: 'the steps of a workflow may call a member by its Bot, too',
    name: 'flow',
    team: { collaborationModel: 'workflow' },
    known: ['amy', 'bot'],
  },
])('a member that nobody is called: $why', async ({ name: team, spec, status, known, ...more }) => {
  if (status !== undefined) {
    await create('v1alpha1', 'TaskRevision', { metadata: { name: REVISION_NAME }, spec: REVISION });
  }
  const settings = { collaborationModel: 'pipeline', members: ALONE, ...more.team };
  await create('v1', 'Team', { metadata: { name: team }, spec: settings });
  const name = await newTask({ teamRef: { name: team }, ...spec }, status);
  const refused = await post(name, { text: 'hi', member: 'nobody' });
  const supported = known.map((one) => `"${one}"`).join(', ');
  expect([refused.status, refused.json()]).toMatchObject([
    422,
    {
      message: expect.stringContaining(
        `member: Unsupported value: "nobody": supported values: ${supported}`,
      ) as string,
      details: { causes: [{ field: 'member', reason: 'FieldValueNotSupported' }] },
    },
  ]);
  for (const member of known) expect((await post(name, { text: 'hi', member })).status).toBe(200);
});

it('a message to any member is taken while nobody knows the Team', async () => {
  expect((await post(await newTask(), { text: 'x', member: 'anybody' })).status).toBe(200);
});

it.each([
  ['messages', { text: 'x', memeber: 'm' }, 'memeber'],
  ['retry', { step: 's0' }, 'step'],
  ['events', { name: 'x', payload: 1 }, 'payload'],
  ['answers', { id: 'q', answer: 'x' }, 'answer'],
  ['webhooks', { node: 's0', step: 'x' }, 'step'],
])(
  'a field that nobody reads is told of, and refused in strict validation: %s',
  async (part, body, field) => {
    const name = await newTask({}, RUNNING);
    const send = (query: string): Promise<ApiAnswer> =>
      api.send(`${TASKS}/${name}/${part}${query}`, { method: 'POST', body });
    const strict = await send('?fieldValidation=Strict');
    expect([strict.status, (strict.json() as unknown as { message: string }).message]).toEqual([
      400,
      `strict decoding error: unknown field "${field}"`,
    ]);
    const unknown = `299 - "unknown field \\"${field}\\""`;
    expect([(await send('')).headers['warning']].flat()).toEqual([unknown]);
    expect((await send('?fieldValidation=Ignore')).headers['warning']).toBeUndefined();
  },
);

it('an id that stands for other words is refused, and a dry run changes nothing', async () => {
  const name = await newTask();
  expect((await post(name, { id: 'a', text: 'one' }, '?dryRun=All')).status).toBe(200);
  expect(await textsOf(name)).toEqual([]);
  expect(await conversation(name)).toEqual([]);
  await post(name, { id: 'a', text: 'one' });
  expect((await post(name, { id: 'a', text: 'two' })).status).toBe(409);
  expect(await textsOf(name)).toEqual(['one']);
});

it('no more than a Task may keep', async () => {
  const name = await newTask();
  const text = 'x'.repeat(65_536);
  const codes: number[] = [];
  for (let index = 0; index < 9; index += 1) codes.push((await post(name, { text })).status);
  expect(codes).toEqual([...Array.from({ length: 8 }, () => 200), 422]);
});

it('a Task that is being cancelled takes none; one that was cancelled is wanted again', async () => {
  const name = await newTask({ cancel: true }, RUNNING);
  const refused = await post(name, { text: 'wait' });
  expect([refused.status, refused.text]).toEqual([409, expect.stringContaining('is being cancelled')]);
  await setStatus(name, { status: 'CANCELLED' });
  expect((await post(name, { text: 'go on' })).status).toBe(200);
  expect((await taskNamed(name)).spec.cancel).toBe(false);
});

it('Reject is taken by a Task that has finished, and not while words wait', async () => {
  const name = await newTask({}, COMPLETED);
  expect((await post(name, { text: 'one', policy: 'Reject' })).status).toBe(200);
  expect((await post(name, { text: 'two', policy: 'Reject' })).status).toBe(409);
});

it('REST has the same', async () => {
  const name = await newTask();
  const posted = await api.send(`/api/v1/namespaces/default/tasks/${name}/messages`, {
    method: 'POST',
    body: { text: 'hello' },
  });
  expect(posted.status).toBe(200);
  expect(await textsOf(name)).toEqual(['hello']);
});

it('the log of a finished Task goes on when somebody has spoken', async () => {
  const name = await newTask({}, COMPLETED);
  await post(name, { id: 'a', text: 'more' });
  const follow = api.send(`${TASKS}/${name}/log?follow=true`);
  await setStatus(name, { messages: [{ id: 'a', state: 'Applied', node: 'm1' }] });
  expect((await follow).text).toContain('@ troupe-admin: more');
});
