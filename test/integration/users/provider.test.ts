import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { startProcess } from '#dev/environment/process';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import type { TemporaryFolder } from '#dev/environment/temporary-folder';
import { systemClock } from '#api/machinery/clock';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { openBrowser } from '../../kit/browser.ts';
import type { Page } from '../../kit/browser.ts';
import { commandsFor, run } from '../../kit/command.ts';
import type { CommandResult } from '../../kit/command.ts';
import { startOidcProvider } from '../../kit/oidc-provider.ts';
import type { OidcProvider } from '../../kit/oidc-provider.ts';
import { TROUPE } from '../../kit/paths.ts';
import { whoIs } from '../../kit/whoami.ts';

const KUBECTL = process.env['TROUPE_TEST_STOCK_KUBECTL'] ?? 'kubectl';
/** The plugin renews a token that lasts for less than a minute: each of its calls does so. */
const ID_TOKEN_SECONDS = 45;
const KEYS_COOLDOWN_MS = 30_000;
const PEOPLE = { erin: { groups: ['developers'] }, frank: { groups: [] } };

let folder: TemporaryFolder;
let provider: OidcProvider;
let api: TestApi;
let env: Record<string, string>;
let ahead = 0;

beforeAll(async () => {
  folder = await temporaryFolder('provider');
  const file = (name: string): string => path.join(folder.path, name);
  provider = await startOidcProvider({ people: PEOPLE, idTokenSeconds: ID_TOKEN_SECONDS });
  const issuer = {
    url: provider.url,
    audiences: ['troupe'],
    certificateAuthority: provider.certificateAuthority,
  };
  const claimMappings = {
    username: { claim: 'sub', prefix: 'oidc:' },
    groups: { claim: 'groups', prefix: 'oidc:' },
  };
  const configuration = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration' };
  await writeFile(
    file('authentication.yaml'),
    stringify({ ...configuration, jwt: [{ issuer, claimMappings }] }),
  );
  api = await testApi({
    authentication: { configurationFile: file('authentication.yaml') },
    clock: { ...systemClock, now: () => Date.now() + ahead },
  });
  await writeFile(file('ca.crt'), api.caCertificate);
  await writeFile(file('provider.crt'), provider.certificateAuthority);
  env = { HOME: folder.path, XDG_CONFIG_HOME: file('config'), KUBECONFIG: file('kubeconfig') };
  const { mustKubectl } = commandsFor(api.kubeconfig);
  const viewers = ['--clusterrole', 'troupe-viewer', '--group', 'oidc:developers'];
  await mustKubectl(['create', 'rolebinding', 'viewers', ...viewers]);
});

afterAll(async () => {
  for (const part of [api, provider, folder]) await part[Symbol.asyncDispose]();
});

const kubectl = (...args: string[]): Promise<CommandResult> => run(KUBECTL, args, { env });

/** `troupe login`, while a person does in a browser what it says. */
async function logIn(flags: string[], person: (said: string) => Promise<Page>): Promise<Page> {
  const said: string[] = [];
  const address = (): string | undefined => said.map((line) => /https:\S+/.exec(line)?.[0]).find(Boolean);
  await using login = await startProcess({
    command: TROUPE,
    args: [
      'login',
      ...['--server', api.url, '--certificate-authority', path.join(folder.path, 'ca.crt')],
      ...['--oidc', '--issuer-url', provider.url],
      ...['--issuer-certificate-authority', path.join(folder.path, 'provider.crt')],
      ...['--scopes', 'openid offline_access groups', ...flags],
    ],
    env: { ...process.env, ...env },
    onLine: (line) => said.push(line),
  });
  await login.until({
    what: 'say where to log in',
    ready: () => address() !== undefined,
    timeoutMs: 30_000,
  });
  const last = await person(address() ?? '');
  expect(await login.exited, login.output()).toBe(0);
  return last;
}

const browsing = (name: string) => async (address: string) => {
  await using browser = openBrowser(provider.certificateAuthority);
  const login = await browser.open(address);
  const consent = await browser.submit(login, { login: name, password: 'any' });
  return await browser.submit(consent);
};

const withCode = (name: string) => async (address: string) => {
  await using browser = openBrowser(provider.certificateAuthority);
  const confirm = await browser.submit(await browser.open(address), {
    user_code: new URL(address).searchParams.get('user_code') ?? '',
  });
  const login = await browser.submit(confirm);
  const consent = await browser.submit(login, { login: name, password: 'any' });
  return await browser.submit(consent);
};

interface Saved {
  tokens: { token: string; refreshToken: string };
}

async function saved(): Promise<Saved> {
  const logins = path.join(folder.path, 'config', 'troupe', 'logins');
  const [name = ''] = await readdir(logins);
  return JSON.parse(await readFile(path.join(logins, name), 'utf8')) as Saved;
}

describe('somebody who has no account but at a provider', () => {
  it('logs in with a browser, and has what his groups may', async () => {
    const last = await logIn(['--client-id', 'troupe'], browsing('erin'));
    expect(last).toMatchObject({ status: 200, text: 'You are logged in. This page can be closed.\n' });
    const who = await kubectl('auth', 'whoami', '-o', 'jsonpath={.status.userInfo}');
    expect(JSON.parse(who.stdout)).toMatchObject({
      username: 'oidc:erin',
      groups: ['oidc:developers', 'system:authenticated'],
    });
    expect(await kubectl('get', 'tasks')).toMatchObject({ code: 0 });
    const secrets = await kubectl('get', 'secrets');
    expect(secrets.stderr).toContain('User "oidc:erin" cannot list resource "secrets"');
  });

  it('keeps working by renewals, with a new refresh token each time', async () => {
    const before = await saved();
    expect(await kubectl('auth', 'whoami')).toMatchObject({ code: 0 });
    const after = await saved();
    expect(after.tokens.refreshToken).not.toBe(before.tokens.refreshToken);
    expect(after.tokens.token).not.toBe(before.tokens.token);
  });

  it('is not troubled by a new key of the provider', async () => {
    const old = decodeProtectedHeader((await saved()).tokens.token);
    await provider.rotateKeys();
    // Keys are asked for every 30 s at most; a provider publishes a key before it signs with it.
    ahead = KEYS_COOLDOWN_MS;
    expect(await kubectl('get', 'tasks')).toMatchObject({ code: 0 });
    expect(decodeProtectedHeader((await saved()).tokens.token).kid).not.toBe(old.kid);
    ahead = 0;
  });

  it('is nobody with a token that is over', async () => {
    const { token } = (await saved()).tokens;
    expect(await whoIs(api, token)).toMatchObject({ username: 'oidc:erin' });
    ahead = (ID_TOKEN_SECONDS + 1) * 1000;
    expect(await whoIs(api, token)).toBe(401);
    ahead = 0;
  });

  it('is told to log in again when the provider has ended his login', async () => {
    await provider.revoke((await saved()).tokens.refreshToken);
    const { code, stderr } = await kubectl('get', 'tasks');
    expect(code).not.toBe(0);
    expect(stderr).toContain('the login has ended as oidc at');
    expect(stderr).toContain('call troupe login');
  });

  it('logs in with a code from any browser', async () => {
    const last = await logIn(['--client-id', 'troupe', '--device-code'], withCode('frank'));
    expect(last.text).toContain('Sign-in Success');
    const who = await kubectl('auth', 'whoami', '-o', 'jsonpath={.status.userInfo}');
    expect(JSON.parse(who.stdout)).toMatchObject({
      username: 'oidc:frank',
      groups: ['system:authenticated'],
    });
    const tasks = await kubectl('get', 'tasks');
    expect(tasks.stderr).toContain('User "oidc:frank" cannot list resource "tasks"');
    const before = await saved();
    await kubectl('auth', 'whoami');
    expect((await saved()).tokens.refreshToken, 'renewed').not.toBe(before.tokens.refreshToken);
  });

  it('is nobody with a token that the provider gave to another program', async () => {
    await logIn(['--client-id', 'other'], browsing('erin'));
    const { token } = (await saved()).tokens;
    expect(decodeJwt(token)).toMatchObject({ sub: 'erin', aud: 'other' });
    expect(await whoIs(api, token)).toBe(401);
  });
});
