import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { whoIs } from '../../kit/whoami.ts';
import { ask, login, makeUser, mine, PASSWORD, status, tryLogin, USERS } from './people.ts';

let api: TestApi;

beforeAll(async () => {
  // Rates are tried elsewhere.
  api = await testApi({ edge: { rates: { login: [], sensitive: [] } } });
});

afterAll(() => api[Symbol.asyncDispose]());

const meStatus = (token: string): Promise<number> => status(mine(api, '', { token }));

describe('a login', () => {
  it('has the shape that existing clients know, and says who it is', async () => {
    await makeUser(api, 'alice', { spec: { displayName: 'Alice', groups: ['research'] } });
    const answer = await tryLogin(api, 'alice');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.json()).toMatchObject({ token_type: 'bearer', expires_in: 900 });
    const { access_token: token } = await login(api, 'alice');
    const me = await mine(api, '', { token });
    expect(me.json()).toMatchObject({ user_name: 'alice', display_name: 'Alice', groups: ['research'] });
    expect(me.json()['last_login_at']).toMatch(/^20/);
  });

  it('tells nobody whether there is such an account', async () => {
    const answers = await Promise.all([
      tryLogin(api, 'alice', 'wrong'),
      tryLogin(api, 'nobody', 'wrong'),
      tryLogin(api, 'system:admin', 'wrong'),
      tryLogin(api, '../alice', 'wrong'),
      tryLogin(api, 'Alice', PASSWORD),
      tryLogin(api, 'аlice', PASSWORD),
    ]);
    expect(new Set(answers.map(({ status: code, text }) => `${code} ${text}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(401);
  });

  it.each([
    [{ user_name: 'alice' }, 400, 'no password'],
    [{ user_name: 'alice', password: 7 }, 400, 'a number'],
    [{ user_name: { $ne: '' }, password: 'x' }, 400, 'an object'],
    [[], 400, 'a list'],
    [{ user_name: 'alice', password: 'x'.repeat(100_000) }, 413, 'a long one'],
  ])('%j is %s', async (body, code, reason) => {
    expect(await status(ask(api, 'login', body)), reason).toBe(code);
  });

  it('is no form of a page of another site', async () => {
    const headers = { 'content-type': 'text/plain' };
    const body = JSON.stringify({ user_name: 'alice', password: PASSWORD });
    const answer = await api.send('/api/auth/login', { method: 'POST', body, headers, token: undefined });
    expect(answer.status).toBe(415);
  });

  it('with a token that is bad is refused, not anonymous', async () => {
    expect(await status(ask(api, 'login', { user_name: 'alice', password: PASSWORD }, 'bad'))).toBe(401);
  });
});

describe('a session', () => {
  it('goes on by refresh tokens, each for one use; a used one ends it', async () => {
    await makeUser(api, 'bob');
    const first = await login(api, 'bob');
    const second = (await ask(api, 'refresh', { refresh_token: first.refresh_token })).json();
    expect(await meStatus(String(second['access_token']))).toBe(200);
    const third = (await ask(api, 'refresh', { refresh_token: second['refresh_token'] })).json();
    expect(await status(ask(api, 'refresh', { refresh_token: first.refresh_token }))).toBe(401);
    for (const token of [first.access_token, second['access_token'], third['access_token']]) {
      expect(await meStatus(String(token))).toBe(401);
    }
    expect(await status(ask(api, 'refresh', { refresh_token: third['refresh_token'] }))).toBe(401);
  });

  it('is refreshed once, however many ask at the same moment', async () => {
    const { refresh_token: token } = await login(api, 'bob');
    const codes = await Promise.all(
      Array.from({ length: 8 }, () => status(ask(api, 'refresh', { refresh_token: token }))),
    );
    expect(codes.filter((code) => code === 200)).toHaveLength(2);
  });

  it('ends at a logout, at the next request, and only this one', async () => {
    const one = await login(api, 'bob');
    const other = await login(api, 'bob');
    expect(await status(ask(api, 'logout', {}, one.access_token))).toBe(200);
    expect(await meStatus(one.access_token)).toBe(401);
    expect(await status(ask(api, 'refresh', { refresh_token: one.refresh_token }))).toBe(401);
    expect(await meStatus(other.access_token)).toBe(200);
    const third = await login(api, 'bob');
    expect(await status(ask(api, 'logout', { all: true }, third.access_token))).toBe(200);
    expect(await meStatus(other.access_token)).toBe(401);
  });

  it('ends by its refresh token alone', async () => {
    const one = await login(api, 'bob');
    expect(await status(ask(api, 'logout', { refresh_token: one.refresh_token }))).toBe(200);
    expect(await meStatus(one.access_token)).toBe(401);
  });

  it('is not ended by somebody who knows its id', async () => {
    const one = await login(api, 'bob');
    const [name, user, session, , secret] = one.refresh_token.split('.');
    const forged = [name, user, session, 'A'.repeat(43), secret].join('.');
    expect(await status(ask(api, 'refresh', { refresh_token: forged }))).toBe(401);
    expect(await status(ask(api, 'logout', { refresh_token: forged }))).toBe(200);
    expect(await meStatus(one.access_token)).toBe(200);
  });

  it('ends when its User is disabled, for good, and is not of the next User of that name', async () => {
    await makeUser(api, 'carol');
    const { access_token: token } = await login(api, 'carol');
    const patch = (spec: object) =>
      api.send(`${USERS}/carol`, {
        method: 'PATCH',
        body: { spec },
        headers: { 'content-type': 'application/merge-patch+json' },
      });
    await patch({ disabled: true });
    expect(await meStatus(token)).toBe(401);
    expect(await status(tryLogin(api, 'carol')), 'the password is right').toBe(403);
    expect(await status(tryLogin(api, 'carol', 'wrong')), 'it is not').toBe(401);
    await patch({ disabled: false });
    expect(await meStatus(token), 'it is not enabled with its User').toBe(401);
    const { access_token: next } = await login(api, 'carol');
    expect(await meStatus(next)).toBe(200);
    await api.send(`${USERS}/carol`, { method: 'DELETE' });
    expect(await meStatus(next)).toBe(401);
    const body = {
      apiVersion: 'agent.wecode.io/v1alpha1',
      kind: 'User',
      metadata: { name: 'carol' },
      spec: {},
    };
    await api.send(USERS, { method: 'POST', body });
    expect(await meStatus(token), 'the old session').toBe(401);
    expect(await status(tryLogin(api, 'carol')), 'the old password').toBe(401);
  });

  const merge = { 'content-type': 'application/merge-patch+json' };
  const whole = (spec: object) => ({
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'User',
    metadata: { name: 'zoe' },
    spec,
  });
  const disable = { spec: { disabled: true } };
  it.each<[string, string, 'PATCH' | 'PUT', object, Record<string, string>]>([
    ['a merge patch', '', 'PATCH', disable, merge],
    ['an update', '', 'PUT', whole({ disabled: true }), {}],
    [
      'an apply',
      '?fieldManager=gitops&force=true',
      'PATCH',
      whole({ disabled: true }),
      { 'content-type': 'application/apply-patch+yaml' },
    ],
    ['one that writes an older count', '', 'PUT', { ...whole({ disabled: true }), status: {} }, {}],
    ['one that makes the User pending', '', 'PATCH', { spec: { pending: true } }, merge],
  ])('ends for good by %s', async (_way, query, method, body, headers) => {
    await makeUser(api, 'zoe');
    const session = await login(api, 'zoe');
    const known = (await api.send(`${USERS}/zoe`)).json() as unknown as {
      metadata: { resourceVersion: string };
    };
    const { resourceVersion } = known.metadata;
    const metadata = { name: 'zoe', ...(method === 'PUT' ? { resourceVersion } : {}) };
    const path = `${USERS}/zoe`;
    const changed = await api.send(`${path}${query}`, { method, headers, body: { ...body, metadata } });
    expect(changed.status, changed.text).toBe(200);
    const enable = { spec: { disabled: false, pending: false } };
    await api.send(path, { method: 'PATCH', body: enable, headers: merge });
    const back = { status: { timesDisabled: null } };
    expect((await api.send(`${path}/status`, { method: 'PATCH', body: back, headers: merge })).status).toBe(
      200,
    );
    expect((await api.send(path)).json()).toMatchObject({ status: { timesDisabled: 1 } });
    expect(await meStatus(session.access_token)).toBe(401);
    expect(await status(ask(api, 'refresh', { refresh_token: session.refresh_token }))).toBe(401);
    const { access_token: token } = await login(api, 'zoe');
    expect((await mine(api, '/sessions', { token })).json()['items']).toHaveLength(1);
    await api.send(path, { method: 'DELETE' });
  });

  it('is listed for its User, who can end others', async () => {
    const one = await login(api, 'bob');
    const two = await login(api, 'bob');
    const { items } = (await mine(api, '/sessions', { token: one.access_token })).json() as unknown as {
      items: { id: string; current: boolean }[];
    };
    expect(items.filter(({ current }) => current)).toHaveLength(1);
    for (const { id } of items.filter(({ current }) => !current)) {
      await mine(api, `/sessions/${id}`, { token: one.access_token, method: 'DELETE' });
    }
    expect(await meStatus(two.access_token)).toBe(401);
    expect(await meStatus(one.access_token)).toBe(200);
  });
});

describe('a password', () => {
  it('is changed by whoever knows the old one; all other sessions end', async () => {
    await makeUser(api, 'dora');
    const one = await login(api, 'dora');
    const other = await login(api, 'dora');
    const change = (old: string, next: string) =>
      status(ask(api, 'change-password', { old_password: old, new_password: next }, one.access_token));
    expect(await change('wrong', 'another long phrase')).toBe(401);
    expect(await change(PASSWORD, 'short')).toBe(400);
    expect(await change(PASSWORD, 'dora-dora-2026')).toBe(400);
    expect(await change(PASSWORD, 'another long phrase')).toBe(200);
    expect(await meStatus(one.access_token)).toBe(200);
    expect(await meStatus(other.access_token)).toBe(401);
    expect(await status(tryLogin(api, 'dora'))).toBe(401);
    expect(await status(tryLogin(api, 'dora', 'another long phrase'))).toBe(200);
  });

  it('is set once by a token of an administrator, and sessions end', async () => {
    await makeUser(api, 'eve');
    const { access_token: token } = await login(api, 'eve');
    const reset = async () =>
      (await api.send(`${USERS}/eve/passwordreset`, { method: 'POST' })).json()['token'] as unknown as string;
    const first = await reset();
    const second = await reset();
    const use = (given: string, next = 'a wholly new phrase') =>
      status(ask(api, 'reset-password', { token: given, new_password: next }));
    expect(await use(first), 'there is a later one').toBe(401);
    expect(await use(second, 'short')).toBe(400);
    expect(await use(`${second}x`)).toBe(401);
    expect(await meStatus(token)).toBe(200);
    expect(await use(second)).toBe(200);
    expect(await use(second), 'a second time').toBe(401);
    expect(await meStatus(token)).toBe(401);
    expect(await status(tryLogin(api, 'eve', 'a wholly new phrase'))).toBe(200);
  });

  it('and all that stands for one is in no answer of the API', async () => {
    await makeUser(api, 'frank');
    const { access_token: token, refresh_token: refreshToken } = await login(api, 'frank');
    const texts = [
      (await api.send(USERS)).text,
      (await api.send(`${USERS}/frank`)).text,
      (await mine(api, '', { token })).text,
      (await mine(api, '/sessions', { token })).text,
    ];
    for (const text of texts) {
      expect(text).not.toMatch(/argon2|\$m=/);
      expect(text).not.toContain(refreshToken.split('.')[4]);
    }
    for (const path of [
      '/apis/internal/v1/passwords',
      '/api/v1/internal:passwords',
      '/apis/internal:passwords',
    ]) {
      expect(await status(api.send(path)), path).toBe(404);
    }
  });
});

describe('an own account', () => {
  it('has preferences, which are set as a whole', async () => {
    await makeUser(api, 'gina');
    const { access_token: token } = await login(api, 'gina');
    const set = (body: object) => mine(api, '/preferences', { token, method: 'PUT', body });
    expect((await set({ theme: 'dark', panes: { left: 3 } })).json()).toEqual({
      theme: 'dark',
      panes: { left: 3 },
    });
    expect((await set({ panes: { right: 1 } })).json()).toEqual({ panes: { right: 1 } });
    expect((await mine(api, '/preferences', { token })).json()).toEqual({ panes: { right: 1 } });
    expect((await set({ much: 'x'.repeat(40_000) })).status).toBe(400);
  });

  it('changes nothing of itself but the name for people', async () => {
    const { access_token: token } = await login(api, 'gina');
    const body = {
      display_name: 'Gina',
      groups: ['troupe:admins'],
      disabled: false,
      spec: { groups: ['x'] },
    };
    const answer = await mine(api, '', { token, method: 'PATCH', body });
    expect(answer.json()).toMatchObject({ display_name: 'Gina', groups: [], is_admin: false });
  });

  it('is of people with accounts only', async () => {
    expect(await status(api.send('/api/users/me'))).toBe(403);
    expect(await status(api.send('/api/users/me', { token: undefined }))).toBe(401);
  });
});

it('has names that look like nothing else', async () => {
  const make = async (name: string): Promise<number> =>
    status(
      api.send(USERS, {
        method: 'POST',
        body: { apiVersion: 'agent.wecode.io/v1alpha1', kind: 'User', metadata: { name }, spec: {} },
      }),
    );
  for (const name of [
    'system:x',
    'Alice',
    'alice.b',
    'аlice',
    'a'.repeat(51),
    '-a',
    'a-',
    'troupe-admin',
    'oidc',
  ]) {
    expect(await make(name), name).toBe(422);
  }
  const inGroup = (group: string) =>
    api.send(USERS, {
      method: 'POST',
      body: {
        apiVersion: 'agent.wecode.io/v1alpha1',
        kind: 'User',
        metadata: { name: 'henry' },
        spec: { groups: [group] },
      },
    });
  for (const group of ['system:masters', 'system:authenticated', 'troupe:users']) {
    expect(await status(inGroup(group)), group).toBe(422);
  }
});

it('knows who logs in by groups', async () => {
  await makeUser(api, 'ida', { spec: { groups: ['troupe:admins'] } });
  const { access_token: token } = await login(api, 'ida');
  expect(await whoIs(api, token)).toMatchObject({
    username: 'ida',
    groups: ['troupe:users', 'troupe:admins', 'system:authenticated'],
  });
  expect(await status(api.send(USERS, { token })), 'an administrator').toBe(200);
  await makeUser(api, 'jack');
  const { access_token: ordinary } = await login(api, 'jack');
  expect(await status(api.send(USERS, { token: ordinary })), 'an ordinary User').toBe(403);
});
