import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findClientConfig } from './config.ts';
import { createCredentials } from './credentials.ts';
import { loadKubeconfig } from './kubeconfig.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const CONFIG = `
current-context: one
clusters:
- {name: c, cluster: {server: https://a:1, certificate-authority-data: ${base64('PEM')}}}
- {name: f, cluster: {server: https://b:2, certificate-authority: ca.pem, tls-server-name: n}}
- {name: bad, cluster: {server: nowhere}}
users:
- {name: u, user: {token: t, as: jane}}
- {name: p, user: {username: me, password: pw}}
- {name: e, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: sh, args: [-c, 'printf "%s" "$OUT"'], env: [{name: OUT, value: '{"status":{"token":"from-plugin"}}'}]}}}
- {name: g, user: {auth-provider: {name: gcp}}}
contexts:
- {name: one, context: {cluster: c, user: u, namespace: team}}
- {name: two, context: {cluster: f, user: p}}
- {name: three, context: {cluster: c, user: e}}
- {name: four, context: {cluster: c, user: g}}
- {name: none, context: {cluster: bad, user: u}}
- {name: lost, context: {cluster: nope}}
`;

describe('loadKubeconfig', () => {
  it('takes the current context', async () => {
    expect(await loadKubeconfig({ files: [await file('config', CONFIG)] })).toEqual({
      server: 'https://a:1',
      ca: 'PEM',
      skipTLSVerify: false,
      namespace: 'team',
      user: { name: 'u', token: 't', impersonate: 'jane' },
    });
  });

  it('takes a named context, and files relative to the kubeconfig', async () => {
    await file('ca.pem', 'FILE');
    const context = await loadKubeconfig({ files: [await file('config', CONFIG)], context: 'two' });
    expect(context).toMatchObject({ ca: 'FILE', tlsServerName: 'n', namespace: 'default' });
    const credentials = await createCredentials(context.user);
    expect((await credentials.current()).headers).toEqual({ authorization: `Basic ${base64('me:pw')}` });
  });

  it('lets the first of several files win', async () => {
    const first = await file('first', 'users: [{name: u, user: {token: mine}}]');
    const context = await loadKubeconfig({ files: [first, await file('config', CONFIG)] });
    expect(context.user.token).toBe('mine');
  });

  it('runs an exec plugin', async () => {
    const context = await loadKubeconfig({ files: [await file('config', CONFIG)], context: 'three' });
    const credentials = await createCredentials(context.user);
    expect((await credentials.current()).headers).toEqual({ Authorization: 'Bearer from-plugin' });
  });

  it('re-reads a token file', async () => {
    const path = await file('token', 'a\n');
    let now = 0;
    const clock = { now: () => now, after: () => () => undefined };
    const credentials = await createCredentials({ name: 'sa', tokenFile: path }, clock);
    expect((await credentials.current()).headers).toEqual({ authorization: 'Bearer a' });
    await file('token', 'b');
    expect((await credentials.current()).headers).toEqual({ authorization: 'Bearer a' });
    now = 60_000;
    expect((await credentials.current()).headers).toEqual({ authorization: 'Bearer b' });
  });

  it('refuses a provider that nobody supports any more', async () => {
    const context = await loadKubeconfig({ files: [await file('config', CONFIG)], context: 'four' });
    await expect(createCredentials(context.user)).rejects.toMatchObject({ reason: 'Unauthorized' });
  });

  it.each([
    { text: CONFIG, context: 'none', want: 'server is not a URL', reason: 'no URL' },
    { text: CONFIG, context: 'lost', want: 'cluster "nope" does not exist', reason: 'a dangling reference' },
    { text: CONFIG, context: 'zzz', want: 'context "zzz" does not exist', reason: 'an unknown context' },
    { text: 'a: b', context: undefined, want: 'no current-context', reason: 'nothing in it' },
    { text: '- 1', context: undefined, want: 'not a kubeconfig', reason: 'another shape' },
  ])('refuses $reason', async ({ text, context, want }) => {
    const files = [await file('config', text)];
    await expect(loadKubeconfig({ files, context })).rejects.toThrow(want);
  });

  it('does not quote a file that does not parse: it may hold a token', async () => {
    const files = [await file('config', 'users:\n- token: "hunter2\n  x: [')];
    const error = await loadKubeconfig({ files }).catch((thrown: unknown) => String(thrown));
    expect(error).not.toContain('hunter2');
  });
});

describe('findClientConfig', () => {
  it('prefers the flag, then KUBECONFIG, then the files at home, then the pod', async () => {
    const env = { KUBECONFIG: '/k', KUBERNETES_SERVICE_HOST: '::1', KUBERNETES_SERVICE_PORT: '6443' };
    const home = folder;
    expect(findClientConfig({ kubeconfig: '/f', env, home })).toEqual({ from: 'files', files: ['/f'] });
    expect(findClientConfig({ env, home })).toEqual({ from: 'files', files: ['/k'] });
    const pod = { ...env, KUBECONFIG: '' };
    expect(findClientConfig({ env: pod, home })).toMatchObject({ server: 'https://[::1]:6443' });
    expect(findClientConfig({ env: {}, home })).toBeUndefined();
  });
});
