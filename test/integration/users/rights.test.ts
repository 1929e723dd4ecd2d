import { afterAll, beforeAll, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { API_KEYS, login, makeUser, status, USERS } from './people.ts';

/** The rights of people on accounts, by the roles that they have. */

let api: TestApi;
let manager: string;

beforeAll(async () => {
  // Rates are tried elsewhere.
  api = await testApi({ edge: { rates: { login: [], sensitive: [] } } });
  await makeUser(api, 'manager');
  await makeUser(api, 'boss', { spec: { groups: ['troupe:admins'], email: 'boss@example.org' } });
  const rules = [{ apiGroups: ['agent.wecode.io'], resources: ['users', 'apikeys'], verbs: ['*'] }];
  await give('manager', 'manages-users', rules);
  manager = (await login(api, 'manager')).access_token;
});

afterAll(() => api[Symbol.asyncDispose]());

async function give(user: string, name: string, rules: object[]): Promise<void> {
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const role = { apiVersion, kind: 'ClusterRole', metadata: { name }, rules };
  expect(await status(api.send(`${rbac}/clusterroles`, { method: 'POST', body: role }))).toBe(201);
  const binding = {
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
  };
  expect(await status(api.send(`${rbac}/clusterrolebindings`, { method: 'POST', body: binding }))).toBe(201);
}

const make = (name: string, spec: object, token: string) =>
  api.send(USERS, {
    method: 'POST',
    body: { apiVersion: 'agent.wecode.io/v1alpha1', kind: 'User', metadata: { name }, spec },
    token,
  });
const patch = (name: string, spec: object, token: string) =>
  api.send(`${USERS}/${name}`, {
    method: 'PATCH',
    body: { spec },
    headers: { 'content-type': 'application/merge-patch+json' },
    token,
  });

it('lets one who writes Users make nobody an administrator, and take over nobody', async () => {
  expect(await status(make('eve', {}, manager))).toBe(201);
  const admin = await make('mallory', { groups: ['troupe:admins'] }, manager);
  expect([admin.status, admin.text]).toEqual([403, expect.stringContaining('impersonate groups')]);
  expect(await status(patch('manager', { groups: ['troupe:admins'] }, manager))).toBe(403);
  expect(await status(patch('boss', { email: 'eve@example.org' }, manager))).toBe(403);
  expect(await status(patch('boss', { displayName: 'The boss' }, manager)), 'what gives nothing').toBe(200);
  expect(await status(patch('eve', { disabled: true }, manager))).toBe(200);
  for (const path of [`${USERS}/boss/passwordreset`, `${API_KEYS}/any/token`]) {
    expect(await status(api.send(path, { method: 'POST', token: manager })), path).toBe(403);
  }
});

it('lets one give groups that he may impersonate', async () => {
  await give('manager', 'gives-research', [
    { apiGroups: [''], resources: ['groups'], resourceNames: ['research'], verbs: ['impersonate'] },
  ]);
  await expect
    .poll(() => status(patch('eve', { groups: ['research'] }, manager)), { interval: 20 })
    .toBe(200);
  expect(await status(patch('eve', { groups: ['research', 'finance'] }, manager))).toBe(403);
});

it('lets nobody without a role see people, nor write the public namespace; all read that', async () => {
  await makeUser(api, 'ordinary');
  const { access_token: token } = await login(api, 'ordinary');
  const models = '/apis/agent.wecode.io/v1/namespaces/system/models';
  const body = {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Model',
    metadata: { name: 'm' },
    spec: { modelConfig: {} },
  };
  expect(await status(api.send(USERS, { token }))).toBe(403);
  expect(await status(api.send(`${USERS}/ordinary`, { token }))).toBe(403);
  expect(await status(api.send('/api/v1/namespaces/default/secrets', { token }))).toBe(403);
  expect(await status(api.send(models, { token }))).toBe(200);
  expect(await status(api.send(models, { method: 'POST', body, token }))).toBe(403);
});
