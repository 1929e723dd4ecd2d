import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import type { TemporaryFolder } from '#dev/environment/temporary-folder';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { run } from '../../kit/command.ts';
import type { CommandResult } from '../../kit/command.ts';
import { TROUPE } from '../../kit/paths.ts';
import { login, makeUser, mine, PASSWORD, USERS } from './people.ts';

const KUBECTL = process.env['TROUPE_TEST_STOCK_KUBECTL'] ?? 'kubectl';

let api: TestApi;
let home: TemporaryFolder;
let env: Record<string, string>;

beforeAll(async () => {
  // Rates are tried elsewhere.
  api = await testApi({ edge: { rates: { login: [], sensitive: [] } } });
  home = await temporaryFolder('people');
  env = { HOME: home.path, XDG_CONFIG_HOME: path.join(home.path, 'config'), KUBECONFIG: '' };
  await writeFile(path.join(home.path, 'ca.crt'), api.caCertificate);
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
});

const logins = (): string => path.join(home.path, 'config', 'troupe', 'logins');
const kubeconfig = (): string => path.join(home.path, '.kube', 'config');
const troupe = (args: string[], stdin = ''): Promise<CommandResult> => run(TROUPE, args, { env, stdin });
const asOwner = (args: string[], stdin = ''): Promise<CommandResult> =>
  run(TROUPE, args, { env: { ...env, KUBECONFIG: api.kubeconfig }, stdin });
const kubectl = (...args: string[]): Promise<CommandResult> => run(KUBECTL, args, { env });
const server = (): string[] => [
  ...['--server', api.url],
  ...['--certificate-authority', path.join(home.path, 'ca.crt')],
];

async function logIn(user: string, password = PASSWORD, flags: string[] = []): Promise<CommandResult> {
  return troupe(['login', ...server(), '--user', user, '--password-stdin', ...flags], `${password}\n`);
}

/** Lets the token of a login run out. */
async function expire(user: string): Promise<void> {
  for (const name of await readdir(logins())) {
    const file = path.join(logins(), name);
    const saved = JSON.parse(await readFile(file, 'utf8')) as { user: string; tokens: { expiresAt: number } };
    if (saved.user !== user) continue;
    saved.tokens.expiresAt = 0;
    await writeFile(file, JSON.stringify(saved), { mode: 0o600 });
  }
}

it('makes people, as an administrator', async () => {
  const made = await asOwner(['user', 'create', 'alice', '--admin', '--password-stdin'], `${PASSWORD}\n`);
  expect(made).toMatchObject({ code: 0, stdout: 'user.agent.wecode.io/alice created\npassword set\n' });
  const bob = await asOwner(['user', 'create', 'bob', '--email', 'bob@example.org', '--group', 'research']);
  expect(bob.stdout).toMatch(/^user.agent.wecode.io\/bob created\ntroupe-reset\.bob\.[\w-]{43}\n$/);
  const listed = await asOwner(['user', 'list']);
  expect(listed.stdout).toMatch(/^NAME +READY +REASON +GROUPS/);
  expect(listed.stdout).toMatch(/alice.*troupe:admins/);
});

it.each([
  ['Carol', 'a longer and odd phrase', /^error: "Carol" is no name for a User, .*lower-case.*\n$/],
  ['frank', 'short', /^error: the password must have at least 12 characters\n$/],
  ['frank', 'frankfrankfrank', /^error: the password must not be made of the name of the account\n$/],
  ['frank', '', /^error: standard input is empty\n$/],
])('makes no User %s with the password %j', async (name, password, told) => {
  const refused = await asOwner(['user', 'create', name, '--password-stdin'], `${password}\n`);
  expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(told) });
  expect((await asOwner(['user', 'list'])).stdout).not.toContain(name);
});

it('sets a password with a token, both from standard input', async () => {
  const { stdout } = await asOwner(['user', 'create', 'gina']);
  const token = stdout.slice(stdout.indexOf('\n') + 1);
  const set = await troupe(
    ['user', 'set-password', ...server(), '--password-stdin'],
    `${token}${PASSWORD}\n`,
  );
  expect(set, set.stderr).toMatchObject({ code: 0, stdout: 'The password is set.\n' });
  expect(await login(api, 'gina')).toHaveProperty('access_token');
  const half = await troupe(['user', 'set-password', ...server(), '--password-stdin'], token);
  expect(half.stderr).toBe('error: standard input needs two lines\n');
});

it('logs in, and kubectl works as that person without a token in its kubeconfig', async () => {
  const answer = await logIn('alice');
  expect(answer, answer.stderr).toMatchObject({ code: 0 });
  expect((await stat(logins())).mode & 0o777).toBe(0o700);
  for (const name of await readdir(logins())) {
    expect((await stat(path.join(logins(), name))).mode & 0o777).toBe(0o600);
  }
  expect(await readFile(kubeconfig(), 'utf8')).not.toMatch(/token|eyJ/);
  const who = await kubectl('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}');
  expect(who).toMatchObject({ code: 0, stdout: 'alice' });
  expect((await kubectl('get', 'users', '-o', 'name')).stdout).toContain('user.agent.wecode.io/alice');
  expect((await troupe(['whoami', '--kubeconfig', kubeconfig()])).stdout).toMatch(/Username +alice/);
});

it.each([
  [[], 'user-alice', 'the own one'],
  [['--namespace', 'work'], 'work', 'that of the flag'],
  [[], 'work', 'the one that the context has'],
])('logs in with %j, into the namespace %s: %s', async (flags, namespace, _reason) => {
  if (namespace === 'user-alice') await rm(kubeconfig());
  // As the controllers say it.
  await api.send(`${USERS}/alice/status`, {
    method: 'PATCH',
    body: { status: { namespace: 'user-alice' } },
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  expect((await logIn('alice', PASSWORD, flags)).code).toBe(0);
  const minified = await kubectl('config', 'view', '--minify', '-o', 'jsonpath={..namespace}');
  expect(minified.stdout).toBe(namespace);
});

it('renews a token once, however many ask at the same moment', async () => {
  await expire('alice');
  const answers = await Promise.all(Array.from({ length: 6 }, () => kubectl('auth', 'whoami')));
  for (const { code, stderr } of answers) expect(code, stderr).toBe(0);
  await expire('alice');
  expect((await kubectl('auth', 'whoami')).code, 'the session goes on').toBe(0);
});

it('keeps what else is in a kubeconfig', async () => {
  const file = path.join(home.path, 'other');
  const other = {
    apiVersion: 'v1',
    kind: 'Config',
    contexts: [{ name: 'mine', context: { cluster: 'c', user: 'u' } }],
  };
  await writeFile(file, JSON.stringify(other), { mode: 0o640 });
  const place = ['--server', api.url, '--user', 'alice'];
  expect((await troupe(['kubeconfig', ...place, '--output', file, '-n', 'work'])).code).toBe(0);
  const text = await readFile(file, 'utf8');
  expect(text).toContain('name: mine');
  expect((await stat(file)).mode & 0o777).toBe(0o640);
  const printed = await troupe(['kubeconfig', ...place]);
  expect(printed.stdout).toContain('client.authentication.k8s.io/v1');
});

it('makes API keys that work elsewhere', async () => {
  const made = await troupe(['token', 'create', 'ci', '--read-only', '--kubeconfig', kubeconfig()]);
  expect(made, made.stderr).toMatchObject({ code: 0 });
  const key = made.stdout.trim();
  expect((await mine(api, '', { token: key })).status).toBe(200);
  expect((await api.send('/api/v1/namespaces', { token: key })).status).toBe(200);
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x' } };
  const refused = await api.send('/api/v1/namespaces', { method: 'POST', body, token: key });
  expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('for reading only')]);
  expect((await troupe(['token', 'list', '--kubeconfig', kubeconfig()])).stdout).toMatch(/alice\.ci .*true/);
  expect((await troupe(['token', 'revoke', 'ci', '--kubeconfig', kubeconfig()])).code).toBe(0);
  expect((await mine(api, '', { token: key })).status).toBe(401);
});

it('logs out, and says what to do then', async () => {
  const { access_token: other } = await login(api, 'alice');
  const flags = ['--kubeconfig', kubeconfig(), '--context', `alice@${new URL(api.url).host}`];
  const out = await troupe(['logout', ...flags]);
  expect(out, out.stderr).toMatchObject({ code: 0, stdout: 'Logged out alice.\n' });
  expect((await troupe(['logout', '--kubeconfig', api.kubeconfig])).stderr).toContain('say who with --user');
  const refused = await kubectl('auth', 'whoami');
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain('call troupe login');
  expect((await mine(api, '', { token: other })).status, 'other sessions go on').toBe(200);
  expect(await readdir(logins())).toEqual([]);
});

it.each([
  ['wrong', 'the name or the password is not right', 'a wrong password'],
  ['', 'standard input is empty', 'none'],
])('refuses %j', async (password, message, _reason) => {
  const answer = await logIn('alice', password);
  expect(answer).toMatchObject({ code: 1, stdout: '' });
  expect(answer.stderr).toContain(message);
});

it('takes no login that others could have read', async () => {
  await makeUser(api, 'carol');
  expect((await logIn('carol')).code).toBe(0);
  for (const name of await readdir(logins())) {
    await writeFile(path.join(logins(), `${name}.open`), await readFile(path.join(logins(), name)), {
      mode: 0o644,
    });
    await run('chmod', ['644', path.join(logins(), name)]);
  }
  const refused = await kubectl('auth', 'whoami');
  expect(refused.stderr).toContain('open to others');
  await rm(logins(), { recursive: true });
});

it('disables and enables people', async () => {
  expect((await asOwner(['user', 'disable', 'carol'])).stdout).toBe('user.agent.wecode.io/carol disabled\n');
  expect((await logIn('carol')).stderr).toContain('is disabled');
  await asOwner(['user', 'enable', 'carol']);
  expect(
    (await asOwner(['user', 'reset-password', 'carol', '--password-stdin'], 'a wholly new phrase\n')).stdout,
  ).toBe('password set\n');
  expect((await asOwner(['user', 'delete', 'carol'])).stdout).toContain('"carol" deleted');
});
