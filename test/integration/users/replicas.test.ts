import { afterAll, beforeAll, expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { freshDatabase } from '../../conformance/storage/databases.ts';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { ask, login, makeUser, mine, status, USERS } from './people.ts';

/** People on two API servers with one MariaDB, as in production. */

const stack = new AsyncDisposableStack();
let first: TestApi;
let second: TestApi;

beforeAll(async () => {
  const database = stack.use(await freshDatabase('mysql'));
  const dataDir = stack.use(await temporaryFolder('people')).path;
  // Rates are tried elsewhere.
  const shared = { dataDir, databaseURL: database.url, edge: { rates: { login: [], sensitive: [] } } };
  [first, second] = await Promise.all([testApi(shared), testApi(shared)]);
  stack.use(first);
  stack.use(second);
  await makeUser(first, 'alice');
});

afterAll(() => stack.disposeAsync());

const me = (api: TestApi, token: string): Promise<number> => status(mine(api, '', { token }));
/** Reads the newest state through a replica, which knows of all earlier writes from then on. */
const caughtUp = async (api: TestApi): Promise<void> => {
  expect(await status(api.send(USERS))).toBe(200);
};

it('take each other\u2019s logins at once, and renew them', async () => {
  for (let turn = 0; turn < 5; turn++) {
    const { access_token: token, refresh_token: refreshToken } = await login(first, 'alice');
    expect(await me(second, token)).toBe(200);
    const renewed = (await ask(second, 'refresh', { refresh_token: refreshToken })).json();
    expect(await me(first, String(renewed['access_token']))).toBe(200);
  }
});

it('end a session that is ended through the other, by a logout, by a used token, by the password and by disabling', async () => {
  const ends: ((session: { access_token: string; refresh_token: string }) => Promise<unknown>)[] = [
    ({ access_token: token }) => ask(second, 'logout', {}, token),
    async ({ refresh_token: used }) => {
      for (let use = 0; use < 4; use++) await ask(second, 'refresh', { refresh_token: used });
      const next = await ask(second, 'refresh', { refresh_token: used });
      expect(next.status).toBe(401);
      await ask(second, 'logout', { refresh_token: used });
    },
    () => makeReset(second),
    async () => {
      for (const disabled of [true, false]) {
        const change = { method: 'PATCH', body: { spec: { disabled } } } as const;
        const headers = { 'content-type': 'application/merge-patch+json' };
        expect(await status(second.send(`${USERS}/alice`, { ...change, headers }))).toBe(200);
      }
    },
  ];
  for (const end of ends) {
    const session = await login(first, 'alice');
    expect(await me(first, session.access_token)).toBe(200);
    await end(session);
    expect(await me(second, session.access_token)).toBe(401);
    await caughtUp(first);
    expect(await me(first, session.access_token)).toBe(401);
  }
});

it('refresh a session once, whoever is asked at the same moment', async () => {
  const { refresh_token: token } = await login(first, 'alice');
  const codes = await Promise.all(
    [first, second, first, second, first, second].map((api) =>
      status(ask(api, 'refresh', { refresh_token: token })),
    ),
  );
  expect(codes.filter((code) => code === 200)).toHaveLength(2);
});

async function makeReset(api: TestApi): Promise<void> {
  const { token } = (await api.send(`${USERS}/alice/passwordreset`, { method: 'POST' })).json();
  const reset = { token, new_password: 'tangerine kettle orbit' };
  expect(await status(ask(api, 'reset-password', reset))).toBe(200);
}
