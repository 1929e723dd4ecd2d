import { afterAll, beforeAll, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { ApiAnswer, ApiRequest, TestApi } from '../../kit/api.ts';

/** The labels that an executor manager may give its Executor, and those that it may not. */
let api: TestApi;
let token: string;

const EXECUTORS = '/apis/agent.wecode.io/v1alpha1/executors';
const ACCOUNTS = '/api/v1/namespaces/troupe-executors/serviceaccounts';

const json = (body: object): ApiRequest => ({ method: 'POST', body });
const merge = (body: object): ApiRequest => ({
  method: 'PATCH',
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/merge-patch+json' },
});
const executor = (given: object): object => ({
  ...{ apiVersion: 'agent.wecode.io/v1alpha1', kind: 'Executor' },
  ...given,
});

beforeAll(async () => {
  api = await testApi();
  await api.send(ACCOUNTS, json({ metadata: { name: 'a' } }));
  const made = await api.send(`${ACCOUNTS}/a/token`, json({ spec: {} }));
  token = (made.json()['status'] as unknown as { token: string }).token;
  await api.send(EXECUTORS, json(executor({ metadata: { name: 'a' }, spec: {} })));
});
afterAll(() => api[Symbol.asyncDispose]());

/** As the manager of the executor a. */
const send = (path: string, options: ApiRequest = {}): Promise<ApiAnswer> =>
  api.send(path, { ...options, token });

it('a manager gives its Executor labels of its own prefix, and takes none of the others', async () => {
  const path = `${EXECUTORS}/a`;
  const label = (labels: object): object => ({ metadata: { labels } });
  expect((await api.send(path, merge(label({ zone: 'a' })))).status).toBe(200);
  const given = await send(path, merge(label({ 'executor.agent.wecode.io/gpu': 'a100' })));
  expect(given.status, given.text).toBe(200);
  const taken = await send(path, merge(label({ zone: null })));
  expect(taken.json()).toMatchObject({
    code: 403,
    message: expect.stringContaining(
      'executor "a" is not allowed to set labels that do not begin with executor.agent.wecode.io/',
    ),
  });
  expect((await send(path)).json()['metadata']).toMatchObject({
    labels: { zone: 'a', 'executor.agent.wecode.io/gpu': 'a100' },
  });
});

it.each([
  ['labels of people', { metadata: { name: 'a', labels: { zone: 'a' } }, spec: {} }],
  ['a priority', { metadata: { name: 'a' }, spec: { priority: 7 } }],
  ['taints', { metadata: { name: 'a' }, spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } }],
  ['a finalizer', { metadata: { name: 'a', finalizers: ['example.com/x'] }, spec: {} }],
])('a manager makes no Executor with %s, and its own again when it is gone', async (_what, wrong) => {
  expect((await api.send(`${EXECUTORS}/a`, { method: 'DELETE' })).status).toBe(200);
  const refused = await send(EXECUTORS, json(executor(wrong)));
  expect(refused.status, refused.text).toBe(403);
  const labels = { 'executor.agent.wecode.io/gpu': 'a100' };
  const made = await send(EXECUTORS, json(executor({ metadata: { name: 'a', labels }, spec: {} })));
  expect(made.status, made.text).toBe(201);
});
