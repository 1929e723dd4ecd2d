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

/** A Task that asks three things. */
async function askingTask(): Promise<string> {
  const name = `task-${(count += 1)}`;
  const spec = { prompt: 'do', teamRef: { name: 't' } };
  const body = { apiVersion: 'agent.wecode.io/v1', kind: 'Task', metadata: { name }, spec };
  await api.send(TASKS, { method: 'POST', body });
  const questions = [
    { id: 'p', kind: 'Permission', message: 'May I?', tool: 'Bash' },
    { id: 'q', kind: 'Question', message: 'Which one?', options: ['a', 'b'] },
    { id: 'r', kind: 'Question', message: 'Why?' },
  ];
  const asked = await api.send(`${TASKS}/${name}/status`, {
    method: 'PATCH',
    body: { status: { questions } },
    headers: MERGE,
  });
  expect(asked.status).toBe(200);
  return name;
}

const answer = (name: string, body: object, query = ''): Promise<ApiAnswer> =>
  api.send(`${TASKS}/${name}/answers${query}`, { method: 'POST', body });

const answersOf = async (name: string): Promise<unknown> =>
  ((await api.send(`${TASKS}/${name}`)).json() as unknown as { spec: { answers?: unknown } }).spec.answers;

it('an answer is added to the Task, each once, whoever answers at the same time', async () => {
  const name = await askingTask();
  const given = [
    { id: 'p', decision: 'deny', message: 'not now' },
    { id: 'q', message: 'b' },
    { id: 'r', message: 'because' },
  ];
  const all = await Promise.all([...given, ...given].map((one) => answer(name, one)));
  expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
  const stored = (await answersOf(name)) as { id: string }[];
  expect(stored.toSorted((a, b) => a.id.localeCompare(b.id))).toEqual(given);
});

it.each([
  { body: { decision: 'allow' }, code: 400, message: /^id must be the id/, why: 'no id' },
  {
    body: { id: 'x', decision: 'allow' },
    code: 409,
    message: /no question x is open/,
    why: 'no such question',
  },
  {
    body: { id: 'p' },
    code: 422,
    message: /decision: Required value/,
    why: 'a Permission without a decision',
  },
  {
    body: { id: 'p', decision: 'maybe' },
    code: 422,
    message: /Unsupported value: "maybe"/,
    why: 'another word',
  },
  {
    body: { id: 'q', message: 'c' },
    code: 422,
    message: /supported values: "a", "b"/,
    why: 'none of the options',
  },
  { body: { id: 'r' }, code: 422, message: /message: Required value/, why: 'a Question without words' },
])('refused: $why', async ({ body, code, message }) => {
  const name = await askingTask();
  const refused = await answer(name, body);
  expect([refused.status, (refused.json() as unknown as { message: string }).message]).toEqual([
    code,
    expect.stringMatching(message),
  ]);
  expect(await answersOf(name)).toBeUndefined();
});

it('another answer to the same question is refused, and a dry run changes nothing', async () => {
  const name = await askingTask();
  expect((await answer(name, { id: 'p', decision: 'allow' }, '?dryRun=All')).status).toBe(200);
  expect(await answersOf(name)).toBeUndefined();
  await answer(name, { id: 'p', decision: 'allow' });
  expect((await answer(name, { id: 'p', decision: 'deny' })).status).toBe(409);
  expect(await answersOf(name)).toEqual([{ id: 'p', decision: 'allow' }]);
});
