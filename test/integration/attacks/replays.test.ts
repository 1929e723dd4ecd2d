import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createManualClock } from '#api/machinery/manual-clock';
import { testApi } from '../../kit/api.ts';
import type { ApiLines, TestApi } from '../../kit/api.ts';
import { API_KEYS, ask, login, makeUser, mine, PASSWORD, status, tryLogin, USERS } from '../users/people.ts';

/** Credentials that were good once are shown again. */

const NEXT = 'a wholly new phrase';
const clock = createManualClock(Date.now());
let api: TestApi;
let name = '';
let count = 0;

beforeAll(async () => {
  const none = { login: [], sensitive: [] };
  api = await testApi({ clock, edge: { rates: none } });
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(async () => {
  count += 1;
  name = `user-${count}`;
  await makeUser(api, name);
});

const me = (token: string): Promise<number> => status(mine(api, '', { token }));
const refresh = (token: unknown): Promise<number> => status(ask(api, 'refresh', { refresh_token: token }));
const reset = async (): Promise<string> =>
  (await api.send(`${USERS}/${name}/passwordreset`, { method: 'POST' })).json()['token'] as unknown as string;

describe('after a logout', () => {
  it('no token of the session counts, however it is shown', async () => {
    const { access_token: token, refresh_token: refreshToken } = await login(api, name);
    expect(await me(token)).toBe(200);
    await ask(api, 'logout', {}, token);
    expect(await me(token)).toBe(401);
    expect(await refresh(refreshToken)).toBe(401);
    expect(await status(ask(api, 'logout', {}, token))).toBe(401);
    expect(
      await status(api.send('/api/users/me', { token: undefined, headers: { 'x-api-key': token } })),
    ).toBe(401);
    const review = { spec: { token } };
    const reviewed = await api.send('/apis/authentication.k8s.io/v1/tokenreviews', {
      method: 'POST',
      body: review,
    });
    expect(reviewed.text).not.toContain('"authenticated":true');
  });

  it('a stream of the session ends within a minute', async () => {
    const headers = { 'impersonate-user': name };
    await api.send('/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
      method: 'POST',
      body: {
        metadata: { name },
        roleRef: { kind: 'ClusterRole', name: 'view' },
        subjects: [{ kind: 'User', name }],
      },
    });
    const { access_token: token } = await login(api, name);
    const watch = '/api/v1/namespaces/default/configmaps?watch=1';
    await using own = await api.lines(watch, { authorization: `Bearer ${token}` });
    await using others = await api.lines(watch, headers);
    expect([own.status, others.status]).toEqual([200, 200]);
    await ask(api, 'logout', {}, token);
    clock.advance(30_000);
    await rest(own);
    // That of somebody else of the same rights goes on.
    await api.send('/api/v1/namespaces/default/configmaps', { method: 'POST', body: { metadata: { name } } });
    expect(await others.next()).toContain(name);
  });
});

async function rest(lines: ApiLines): Promise<void> {
  let line = await lines.next();
  while (line !== undefined) line = await lines.next();
}

describe('after a rotation', () => {
  it('a used refresh token ends the session, of the thief as well', async () => {
    const { refresh_token: first } = await login(api, name);
    const stolen = first;
    const second = (await ask(api, 'refresh', { refresh_token: first })).json();
    clock.advance(10_001);
    expect(await refresh(stolen)).toBe(401);
    expect(await me(String(second['access_token']))).toBe(401);
    expect(await refresh(second['refresh_token'])).toBe(401);
  });

  it('a thief who is faster is found when the owner comes', async () => {
    const { refresh_token: first } = await login(api, name);
    const thief = (await ask(api, 'refresh', { refresh_token: first })).json();
    clock.advance(10_001);
    const later = (await ask(api, 'refresh', { refresh_token: thief['refresh_token'] })).json();
    expect(await refresh(first)).toBe(401);
    expect(await me(String(later['access_token']))).toBe(401);
  });

  it('a session is not renewed for ever', async () => {
    let { refresh_token: token } = await login(api, name);
    for (let day = 0; day < 29; day++) {
      expect(typeof token).toBe('string');
      clock.advance(24 * 3_600_000);
      token = (await ask(api, 'refresh', { refresh_token: token })).json()[
        'refresh_token'
      ] as unknown as string;
    }
    clock.advance(24 * 3_600_000);
    expect(await refresh(token)).toBe(401);
  });
});

describe('after another password', () => {
  it('neither the old one, nor sessions, nor tokens that set one, count', async () => {
    const session = await login(api, name);
    const other = await login(api, name);
    const early = await reset();
    const change = { old_password: PASSWORD, new_password: NEXT };
    expect(await status(ask(api, 'change-password', change, session.access_token))).toBe(200);
    expect(await me(session.access_token)).toBe(200);
    for (const token of [other.access_token, other.refresh_token]) expect(await me(token)).toBe(401);
    expect(await refresh(other.refresh_token)).toBe(401);
    expect(await status(tryLogin(api, name))).toBe(401);
    expect(await status(ask(api, 'reset-password', { token: early, new_password: PASSWORD }))).toBe(401);
    expect(await status(ask(api, 'change-password', change, session.access_token))).toBe(401);
  });

  it('a token that sets one is good once, also for two at the same moment', async () => {
    const token = await reset();
    const codes = await Promise.all(
      Array.from({ length: 6 }, (_, n) =>
        status(ask(api, 'reset-password', { token, new_password: `${NEXT} ${n}` })),
      ),
    );
    expect(codes.filter((code) => code === 200)).toHaveLength(1);
  });
});

describe('an API key', () => {
  it('that was revoked, or issued again, is nobody’s', async () => {
    const { access_token: token } = await login(api, name);
    const { key } = (await mine(api, '/api-keys', { token, method: 'POST', body: { name: 'k' } })).json();
    expect(await me(String(key))).toBe(200);
    const again = (await api.send(`${API_KEYS}/${name}.k/token`, { method: 'POST' })).json();
    const next = String((again as unknown as { key?: string; token?: string }).key ?? again['token']);
    expect(await me(String(key))).toBe(401);
    expect(await me(next)).toBe(200);
    await mine(api, `/api-keys/${name}.k`, { token, method: 'DELETE' });
    expect(await me(next)).toBe(401);
    await mine(api, '/api-keys', { token, method: 'POST', body: { name: 'k' } });
    expect(await me(next), 'another one of the name').toBe(401);
  });
});

it('the token of a device opens nothing, and is of no use to another account', async () => {
  const { device_token: device } = await login(api, name);
  expect(await me(device)).toBe(401);
  expect(await refresh(device)).toBe(401);
  await makeUser(api, `${name}-b`);
  for (let n = 0; n < 6; n++) await tryLogin(api, `${name}-b`, 'wrong', { device_token: device });
  expect(await status(tryLogin(api, `${name}-b`, PASSWORD, { device_token: device }))).toBe(429);
});
