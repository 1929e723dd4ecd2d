import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditedApi } from '../../kit/audited-api.ts';
import type { AuditedApi } from '../../kit/audited-api.ts';

/** Addresses that decide, for mails and chats. */
let audited: AuditedApi;

const AT = '/apis/agent.wecode.io/v1alpha1/namespaces/default/approvals';
const RBAC = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings';
let count = 0;

beforeAll(async () => {
  audited = await auditedApi();
  for (const name of ['ann', 'bob']) await account(name);
});
afterAll(() => audited[Symbol.asyncDispose]());

const tokens = new Map<string, string>();

async function account(name: string): Promise<void> {
  const { api } = audited;
  const users = '/apis/agent.wecode.io/v1alpha1/users';
  const body = { apiVersion: 'agent.wecode.io/v1alpha1', kind: 'User', metadata: { name }, spec: {} };
  expect((await api.send(users, { method: 'POST', body })).status).toBe(201);
  const reset = await api.send(`${users}/${name}/passwordreset`, { method: 'POST' });
  const token = String(reset.json()['token']);
  const password = `a long phrase for ${name} alone`;
  await api.send('/api/auth/reset-password', {
    method: 'POST',
    body: { token, new_password: password },
    token: undefined,
  });
  const login = await api.send('/api/auth/login', {
    method: 'POST',
    body: { user_name: name, password },
    token: undefined,
  });
  tokens.set(name, String(login.json()['access_token']));
  const binding = {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name }],
  };
  expect((await api.send(RBAC, { method: 'POST', body: binding })).status).toBe(201);
}

async function make(spec: object = {}): Promise<string> {
  const name = `a${(count += 1)}`;
  const body = {
    ...{ apiVersion: 'agent.wecode.io/v1alpha1', kind: 'Approval', metadata: { name } },
    spec: { taskRef: { name: 'task' }, purpose: 'Stage', message: 'Go <b>on</b>?', ...spec },
  };
  expect((await audited.api.send(AT, { method: 'POST', body })).status).toBe(201);
  return name;
}

const ask = (name: string, user: string, decision = 'Approved') =>
  audited.api.send(`${AT}/${name}/links`, { method: 'POST', body: { decision }, token: tokens.get(user) });

async function pathOf(name: string, user: string, decision?: string): Promise<string> {
  const answer = await ask(name, user, decision);
  expect(answer.status, answer.text).toBe(200);
  expect(answer.headers['cache-control']).toBe('no-store');
  return String(answer.json()['path']);
}

/** Of a stranger. */
const call = (path: string, method: 'GET' | 'POST' = 'POST', body?: object) =>
  audited.api.send(path, { method, token: undefined, ...(body === undefined ? {} : { body }) });

async function statusOf(name: string): Promise<Record<string, unknown>> {
  return (await audited.api.send(`${AT}/${name}`)).json()['status'] as unknown as Record<string, unknown>;
}

describe('an address that decides', () => {
  it('decides as who has asked for it, once, with a reason', async () => {
    const name = await make();
    const path = await pathOf(name, 'ann');
    const page = await call(path, 'GET');
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.text).toContain('Go &lt;b&gt;on&lt;/b&gt;?');
    expect(await statusOf(name), 'to look decides nothing').toMatchObject({ phase: 'Pending' });
    expect((await call(path, 'POST', { reason: 'ok' })).status).toBe(200);
    expect(await statusOf(name)).toMatchObject({
      decision: 'Approved',
      reason: 'ok',
      decidedBy: { name: 'ann' },
    });
    expect((await call(path)).status).toBe(409);
    const other = await ask(name, 'bob', 'Rejected');
    expect(other.text).toContain('the decision is final');
  });

  it('is taken from a form of its page', async () => {
    const name = await make();
    const path = await pathOf(name, 'ann', 'Rejected');
    const origin = new URL(audited.api.url).origin;
    const answer = await audited.api.send(path, {
      ...{ method: 'POST', token: undefined, body: 'reason=no+tests' },
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        origin,
        'sec-fetch-site': 'same-origin',
      },
    });
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('Rejected')]);
    expect(await statusOf(name)).toMatchObject({ decision: 'Rejected', reason: 'no tests' });
  });

  it('is not handed out to who may not decide', async () => {
    const name = await make({ approvers: { users: ['ann'] } });
    expect((await ask(name, 'bob')).status).toBe(403);
    expect((await ask(name, 'ann')).status).toBe(200);
  });

  it('of somebody who has lost the right, or is gone, decides nothing', async () => {
    const name = await make();
    const path = await pathOf(name, 'bob');
    await audited.api.send(`${RBAC}/bob`, { method: 'DELETE' });
    expect((await call(path)).status).toBe(403);
    await audited.api.send('/apis/agent.wecode.io/v1alpha1/users/bob', { method: 'DELETE' });
    expect((await call(path)).status).toBe(404);
    expect(await statusOf(name)).toMatchObject({ phase: 'Pending' });
  });

  it('says nothing to strangers, and is good for its Approval and its decision only', async () => {
    const [name, other] = [await make(), await make()];
    const path = await pathOf(name, 'ann');
    const [, token = ''] = path.split('token=');
    const [claims = '', mac = ''] = token.split('.');
    const forged = Buffer.from(claims, 'base64url').toString('utf8').replace('Approved', 'Rejected');
    const wrong = [
      path.replace(`/${name}?`, `/${other}?`),
      path.replace(`/${name}?`, '/none?'),
      path.replace(claims, Buffer.from(forged).toString('base64url')),
      path.replace(
        mac,
        mac.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')),
      ),
      path.replace(token, ''),
      path.replace(token, '.'),
      path.replace(token, 'x'.repeat(5000)),
    ];
    for (const one of wrong) {
      const answer = await call(one);
      expect([answer.status, answer.text], one).toEqual([
        404,
        expect.stringContaining('there is no such address'),
      ]);
    }
    expect(await statusOf(name)).toMatchObject({ phase: 'Pending' });
  });

  it('is in the audit log without its token, with who decided', async () => {
    const name = await make();
    const minted = await ask(name, 'ann');
    const path = String(minted.json()['path']);
    expect(JSON.stringify(audited.eventsOf(minted))).not.toContain(path.split('token=')[1]);
    const answer = await call(path);
    const events = audited.eventsOf(answer);
    const { requestURI, annotations } = events.at(-1) ?? {};
    expect(requestURI).toBe(`/webhooks/approvals/default/${name}?token=[redacted]`);
    expect(annotations?.['agent.wecode.io/login-user']).toBe('ann');
    expect(JSON.stringify(events)).not.toContain(path.split('token=')[1]);
  });
});
