import { afterAll, beforeAll, expect, it } from 'vitest';
import { createManualClock } from '#api/machinery/manual-clock';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { login, makeUser, mine, status } from './people.ts';

const V1 = '/apis/agent.wecode.io/v1/namespaces';
const BINDINGS = '/apis/rbac.authorization.k8s.io/v1/namespaces/shared/rolebindings';
const clock = createManualClock(Date.now());

let api: TestApi;
beforeAll(async () => {
  api = await testApi({ clock });
});
afterAll(() => api[Symbol.asyncDispose]());

const post = (path: string, body: object, token = api.token): Promise<number> =>
  status(api.send(path, { method: 'POST', body, token }));
const task = (name: string) => ({
  ...{ apiVersion: 'agent.wecode.io/v1', kind: 'Task', metadata: { name } },
  spec: { prompt: 'p', teamRef: { name: 'team' } },
});

it('are of the Tasks that one has made, wherever one may still read them', async () => {
  await makeUser(api, 'gina');
  const { access_token: token } = await login(api, 'gina');
  const total = async (): Promise<unknown> => {
    clock.advance(5_000);
    const { tasks } = (await mine(api, '/statistics', { token })).json() as unknown as {
      tasks: { total: number };
    };
    return tasks.total;
  };
  expect(await total()).toBe(0);
  for (const name of ['shared', 'user-gina'])
    expect(await post('/api/v1/namespaces', { metadata: { name } })).toBe(201);
  expect(await post(`${V1}/user-gina/tasks`, task('of-the-owner'))).toBe(201);
  expect(await total(), 'in a namespace that she may not read yet').toBe(0);
  const binding = {
    metadata: { name: 'gina' },
    roleRef: { kind: 'ClusterRole', name: 'edit' },
    subjects: [{ kind: 'User', name: 'gina' }],
  };
  expect(await post(BINDINGS, binding)).toBe(201);
  expect(await post(BINDINGS.replace('shared', 'user-gina'), binding)).toBe(201);
  expect(await post(`${V1}/shared/tasks`, task('of-gina'), token)).toBe(201);
  expect(await post(`${V1}/shared/tasks`, task('of-the-owner'))).toBe(201);
  expect(await total(), 'her own, and that in her namespace').toBe(2);
  expect(await status(api.send(`${BINDINGS}/gina`, { method: 'DELETE' }))).toBe(200);
  expect(await total(), 'where she may still read').toBe(1);
});
