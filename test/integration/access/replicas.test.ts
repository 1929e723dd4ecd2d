import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { freshDatabase } from '../../conformance/storage/databases.ts';
import { testApi } from '../../kit/api.ts';
import type { ApiAnswer, ApiRequest, TestApi } from '../../kit/api.ts';
import { makeAuthority } from '../../kit/certificates.ts';
import { API_KEYS, login, makeUser, mine, USERS } from '../users/people.ts';

/** Rights and identities on two API servers with one MariaDB, without Redis: what one changes counts at the other. */

const stack = new AsyncDisposableStack();
let first: TestApi;
let second: TestApi;
let authorities: string[];

const RBAC = '/apis/rbac.authorization.k8s.io/v1/namespaces/default';
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts';

beforeAll(async () => {
  const database = stack.use(await freshDatabase('mariadb'));
  const dataDir = stack.use(await temporaryFolder('rights')).path;
  const made = await Promise.all(['CN=of the first', 'CN=of the second'].map((name) => makeAuthority(name)));
  authorities = made.map(({ certificate }) => certificate);
  const replica = async (index: number): Promise<TestApi> => {
    const clientCAFile = path.join(dataDir, `clients-${index}.pem`);
    await writeFile(clientCAFile, authorities[index] ?? '');
    const edge = { rates: { login: [], sensitive: [] } };
    return testApi({ dataDir, databaseURL: database.url, authentication: { clientCAFile }, edge });
  };
  [first, second] = await Promise.all([replica(0), replica(1)]);
  stack.use(first);
  stack.use(second);
});
afterAll(() => stack.disposeAsync());

const POLL = { timeout: 10_000 };
const post = (body: object): ApiRequest => ({ method: 'POST', body });

/** Reads the newest state through a replica, which knows of all earlier writes from then on. */
async function caughtUp(api: TestApi): Promise<void> {
  expect((await api.send(CONFIG_MAPS)).status).toBe(200);
}

async function must(answer: Promise<ApiAnswer>): Promise<ApiAnswer> {
  const { status, text } = await answer;
  expect([200, 201], text).toContain(status);
  return answer;
}

/** Lets somebody read and watch ConfigMaps; through the first replica. */
async function give(user: string): Promise<void> {
  const api = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: user } };
  const rules = [{ verbs: ['list', 'watch'], apiGroups: [''], resources: ['configmaps'] }];
  await must(first.send(`${RBAC}/roles`, post({ ...api, kind: 'Role', rules })));
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: user };
  const subjects = [{ kind: 'User', name: user }];
  await must(first.send(`${RBAC}/rolebindings`, post({ ...api, kind: 'RoleBinding', roleRef, subjects })));
}

const listAs = async (api: TestApi, user: string): Promise<number> =>
  (await api.send(CONFIG_MAPS, { headers: { 'impersonate-user': user } })).status;

describe('a right', () => {
  it('counts at the other at once, each time', async () => {
    for (let turn = 0; turn < 10; turn += 1) {
      expect(await listAs(second, `user-${turn}`)).toBe(403);
      await give(`user-${turn}`);
      expect(await listAs(second, `user-${turn}`)).toBe(200);
    }
  });

  it('that is taken away ends at the other with what it knows, streams too', async () => {
    await give('ann');
    await using watch = await second.lines(`${CONFIG_MAPS}?watch=1`, { 'impersonate-user': 'ann' });
    expect(watch.status).toBe(200);
    await must(first.send(`${RBAC}/rolebindings/ann`, { method: 'DELETE' }));
    await caughtUp(second);
    expect(await listAs(second, 'ann')).toBe(403);
    while ((await watch.next()) !== undefined);
  });

  it('of a role that changes counts at the other', async () => {
    await give('bob');
    const body = { rules: [] };
    const headers = { 'content-type': 'application/merge-patch+json' };
    await must(first.send(`${RBAC}/roles/bob`, { method: 'PATCH', headers, body }));
    await caughtUp(second);
    expect(await listAs(second, 'bob')).toBe(403);
  });
});

const whoAmI = async (api: TestApi, token: string): Promise<number> => {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const where = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  return (await api.send(where, { method: 'POST', body: review, token })).status;
};

async function accountToken(name: string): Promise<string> {
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } };
  await must(first.send(ACCOUNTS, post(account)));
  return newToken(first, name);
}

async function newToken(api: TestApi, name: string): Promise<string> {
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
  const issued = await must(api.send(`${ACCOUNTS}/${name}/token`, post(request)));
  return (issued.json() as unknown as { status: { token: string } }).status.token;
}

describe('an identity', () => {
  it('of a ServiceAccount counts at the other, and ends with it', async () => {
    const token = await accountToken('robot');
    expect(await whoAmI(second, token)).toBe(201);
    await must(first.send(`${ACCOUNTS}/robot`, { method: 'DELETE' }));
    await caughtUp(second);
    expect(await whoAmI(second, token)).toBe(401);
  });

  it('by an API key counts at the other, and ends with it and with its User', async () => {
    await makeUser(first, 'carol');
    const { access_token: session } = await login(first, 'carol');
    const makeKey = async (name: string): Promise<string> => {
      const made = await must(mine(first, '/api-keys', { token: session, method: 'POST', body: { name } }));
      return String(made.json()['key']);
    };
    const [one, other] = [await makeKey('one'), await makeKey('other')];
    expect([await whoAmI(second, one), await whoAmI(second, other)]).toEqual([201, 201]);
    await must(first.send(`${API_KEYS}/carol.one`, { method: 'DELETE' }));
    await caughtUp(second);
    expect([await whoAmI(second, one), await whoAmI(second, other)]).toEqual([401, 201]);
    await must(first.send(`${USERS}/carol`, { method: 'DELETE' }));
    await caughtUp(second);
    expect([await whoAmI(second, other), await whoAmI(second, session)]).toEqual([401, 401]);
  });

  it('is verified by the other with a key that was made a moment ago, and not with one that was revoked', async () => {
    const old = await accountToken('rotated');
    const KEYS = '/admin/service-account-keys/rotate';
    await must(first.send(KEYS, { method: 'POST' }));
    const next = await newToken(first, 'rotated');
    expect([await whoAmI(second, old), await whoAmI(second, next)]).toEqual([201, 201]);
    await must(first.send(`${KEYS}?revoke=true`, { method: 'POST' }));
    const last = await newToken(first, 'rotated');
    // The other learns of it by the file, a tenth of a second later.
    await expect.poll(() => whoAmI(second, last), POLL).toBe(201);
    expect([await whoAmI(second, old), await whoAmI(second, next)]).toEqual([401, 401]);
  });
});

it('both tell servers behind them of the authorities of both', async () => {
  const where = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
  const { data } = (await first.send(where)).json() as unknown as { data: Record<string, string> };
  for (const certificate of authorities) expect(data['client-ca-file']).toContain(certificate);
});
