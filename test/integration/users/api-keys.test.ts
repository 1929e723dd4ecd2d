import { afterAll, beforeAll, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { API_KEYS, ask, login, makeUser, mine, status, USERS } from './people.ts';

let api: TestApi;

beforeAll(async () => {
  // Rates are tried elsewhere.
  api = await testApi({ edge: { rates: { login: [], sensitive: [] } } });
  await makeUser(api, 'alice');
  await makeUser(api, 'bob');
});

afterAll(() => api[Symbol.asyncDispose]());

interface Key {
  name: string;
  key: string;
}

async function makeKey(token: string, body: object = {}): Promise<Key> {
  const answer = await mine(api, '/api-keys', { token, method: 'POST', body });
  expect(answer.status, answer.text).toBe(201);
  expect(answer.headers['cache-control']).toBe('no-store');
  return answer.json() as unknown as Key;
}

const withKey = (key: string): Promise<number> =>
  status(api.send('/api/users/me', { token: undefined, headers: { 'x-api-key': key } }));

it('stands for its User, as a bearer token and in a header, until it is revoked', async () => {
  const { access_token: token } = await login(api, 'alice');
  const { name, key } = await makeKey(token, { name: 'ci', description: 'builds' });
  expect(name).toBe('alice.ci');
  expect(key).toMatch(/^troupe_[\da-f]{32}_\w{49}$/);
  expect(await withKey(key)).toBe(200);
  expect((await mine(api, '', { token: key })).json()).toMatchObject({ user_name: 'alice' });
  const listed = await mine(api, '/api-keys', { token });
  expect(listed.json()).toMatchObject({
    items: [{ name: 'alice.ci', description: 'builds', read_only: false }],
  });
  expect(listed.text + (await api.send(API_KEYS)).text).not.toContain(key.slice(40));
  expect(await status(mine(api, `/api-keys/${name}`, { token, method: 'DELETE' }))).toBe(200);
  expect(await withKey(key)).toBe(401);
});

it('does not come beside another credential, right or wrong', async () => {
  const { access_token: token } = await login(api, 'alice');
  const { key } = await makeKey(token);
  for (const other of [token, key, 'wrong']) {
    const both = await api.send('/api/users/me', { token: other, headers: { 'x-api-key': key } });
    expect([both.status, both.text]).toEqual([400, expect.stringContaining('not both')]);
  }
});

it('is whole, or nothing', async () => {
  const { access_token: token } = await login(api, 'alice');
  const { key } = await makeKey(token);
  for (const wrong of [`${key}x`, key.slice(0, -1), key.replace(/.$/, '!'), 'troupe_', '', 'x']) {
    expect(await withKey(wrong), wrong).toBe(401);
  }
  // The same id and a sound checksum, but another secret.
  const other = await makeKey(token);
  const [prefix, id] = key.split('_');
  expect(await withKey([prefix, id, other.key.split('_')[2]].join('_'))).toBe(401);
});

it('ends at its time, and with its User', async () => {
  const { access_token: token } = await login(api, 'bob');
  const past = await makeKey(token, { expires_at: '2020-01-01T00:00:00Z' });
  expect(await withKey(past.key)).toBe(401);
  const { name, key } = await makeKey(token);
  expect(await withKey(key)).toBe(200);
  const disabled = (value: boolean) =>
    api.send(`${USERS}/bob`, {
      method: 'PATCH',
      body: { spec: { disabled: value } },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
  await disabled(true);
  expect(await withKey(key)).toBe(401);
  await disabled(false);
  expect(await withKey(key), 'it ended with the sessions').toBe(401);
  const issued = await api.send(`${API_KEYS}/${name}/token`, { method: 'POST' });
  const { key: renewed } = issued.json() as unknown as Key;
  expect(await withKey(renewed)).toBe(200);
  await api.send(`${USERS}/bob`, { method: 'DELETE' });
  await makeUser(api, 'bob');
  expect(await withKey(renewed), 'of an earlier bob').toBe(401);
});

it('makes no other keys, changes no password, and revokes none of somebody else', async () => {
  const { access_token: token } = await login(api, 'alice');
  const { key } = await makeKey(token);
  expect(await status(mine(api, '/api-keys', { token: key, method: 'POST', body: {} }))).toBe(403);
  const change = { old_password: 'x', new_password: 'a wholly new phrase' };
  expect(await status(ask(api, 'change-password', change, key))).toBe(403);
  const { access_token: bobs } = await login(api, 'bob');
  const { name } = await makeKey(bobs, { name: 'own' });
  expect(await status(mine(api, `/api-keys/${name}`, { token, method: 'DELETE' }))).toBe(404);
});

it('is made for others by whoever may, and again in place of one that was lost', async () => {
  const spec = { userName: 'alice', description: 'robot' };
  const body = { apiVersion: 'agent.wecode.io/v1alpha1', kind: 'APIKey', metadata: { name: 'robot' }, spec };
  expect(await status(api.send(API_KEYS, { method: 'POST', body }))).toBe(201);
  const issue = async () =>
    (await api.send(`${API_KEYS}/robot/token`, { method: 'POST' })).json()['key'] as unknown as string;
  const first = await issue();
  expect(await withKey(first)).toBe(200);
  const second = await issue();
  expect(await withKey(first)).toBe(401);
  expect(await withKey(second)).toBe(200);
  const given = await api.send(`${API_KEYS}/robot`, {
    method: 'PATCH',
    body: { spec: { userName: 'bob' } },
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  expect(given.status, 'it is of one User for good').toBe(422);
  expect(await status(api.send(`${API_KEYS}/none/token`, { method: 'POST' }))).toBe(404);
});
