import { afterAll, beforeAll, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { mailServer } from '../../kit/mail-server.ts';
import type { MailServer } from '../../kit/mail-server.ts';
import { ask, makeUser, PASSWORD, status, tryLogin, USERS } from './people.ts';

/** People who make accounts for themselves, and reset passwords by mail. */

// Rates are tried elsewhere.
const edge = { rates: { login: [], sensitive: [] } };
const stack = new AsyncDisposableStack();
let mails: MailServer;
let closed: TestApi;
let approved: TestApi;
let mailed: TestApi;

beforeAll(async () => {
  mails = stack.use(await mailServer());
  const smtp = { url: mails.url, from: 'troupe@example.org' };
  closed = stack.use(await testApi({ edge }));
  approved = stack.use(await testApi({ edge, accounts: { registration: 'approval' } }));
  mailed = stack.use(await testApi({ edge, accounts: { registration: 'mail', smtp } }));
});

afterAll(() => stack.disposeAsync());

const register = (api: TestApi, name: string, more: object = {}) =>
  ask(api, 'register', { user_name: name, password: PASSWORD, ...more });

it('is off unless it is switched on', async () => {
  expect(await status(register(closed, 'alice'))).toBe(403);
  expect(await status(ask(closed, 'forgot-password', { user_name: 'alice' })), 'no mail').toBe(400);
});

it('waits for an administrator, and takes nothing but what it asks for', async () => {
  const more = { groups: ['troupe:admins'], pending: false, spec: { pending: false }, display_name: 'Alice' };
  expect(await status(register(approved, 'alice', more))).toBe(201);
  const made = (await approved.send(`${USERS}/alice`)).json() as unknown as { spec: object };
  expect(made.spec).toEqual({ pending: true, disabled: false, displayName: 'Alice' });
  expect(await status(tryLogin(approved, 'alice'))).toBe(403);
  const headers = { 'content-type': 'application/merge-patch+json' };
  await approved.send(`${USERS}/alice`, { method: 'PATCH', body: { spec: { pending: false } }, headers });
  expect(await status(tryLogin(approved, 'alice'))).toBe(200);
  expect(await status(register(approved, 'alice')), 'a second one of the name').toBe(409);
  expect(await status(register(approved, 'system:masters'))).toBe(400);
  expect((await register(approved, 'troupe-admin')).text).toContain('is a name that the server uses itself');
  expect(await status(register(approved, 'bob', { password: 'short' }))).toBe(400);
});

it('lets in whoever has the address, once', async () => {
  expect(await status(register(mailed, 'carol'))).toBe(400);
  expect(await status(register(mailed, 'carol', { email: 'carol@example.org' }))).toBe(201);
  const mail = await mails.next();
  expect(mail).toContain('To: carol@example.org');
  const token = tokenIn(mail, 'activation');
  expect(await status(tryLogin(mailed, 'carol'))).toBe(403);
  expect(await status(ask(mailed, 'reset-password', { token, new_password: PASSWORD })), 'no reset').toBe(
    401,
  );
  expect(await status(ask(mailed, 'activate', { token }))).toBe(200);
  expect(await status(ask(mailed, 'activate', { token }))).toBe(401);
  expect(await status(tryLogin(mailed, 'carol'))).toBe(200);
});

it('mails a token for a new password, and tells nobody whether there is an account', async () => {
  await makeUser(mailed, 'dora', { spec: { email: 'dora@example.org' } });
  const answers = await Promise.all(
    ['dora', 'nobody', 'Not a name'].map((name) => ask(mailed, 'forgot-password', { user_name: name })),
  );
  expect(new Set(answers.map(({ status: code, text }) => `${code} ${text}`)).size).toBe(1);
  const token = tokenIn(await mails.next(), 'reset');
  const reset = { token, new_password: 'a wholly new phrase' };
  expect(await status(ask(mailed, 'reset-password', reset))).toBe(200);
  expect(await status(tryLogin(mailed, 'dora', 'a wholly new phrase'))).toBe(200);
});

/** Long lines of a mail are folded (RFC 2045, section 6.7). */
function tokenIn(mail: string, purpose: string): string {
  const text = mail.replaceAll('=\r\n', '');
  return new RegExp(`troupe-${purpose}\\.[a-z0-9-]+\\.[\\w-]{43}`).exec(text)?.[0] ?? '';
}
