import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { startApi } from '#api/main';
import { silentLogger } from '#api/machinery/logger';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { done } from './terminal.ts';

/** Another server stands for the cluster that holds the Secret. */
const stack = new AsyncDisposableStack();
let cluster: TestApi;

beforeAll(async () => {
  cluster = stack.use(await testApi());
});
afterAll(() => stack.disposeAsync());

type Secret = { data: Record<string, string>; metadata: { name: string; namespace?: string } };

const NAMES = ['account-keys', 'ca.crt', 'ca.key', 'encryption-keys', 'service-account-keys', 'token'];
const SECRET = '/api/v1/namespaces/default/secrets/identity';

const cli = (...words: string[]) => done(cluster.kubeconfig, words);
const secret = async (): Promise<Secret> => (await cluster.send(SECRET)).json() as unknown as Secret;
const patch = (data: Record<string, null | string>) =>
  cluster.send(SECRET, {
    method: 'PATCH',
    body: { data },
    headers: { 'content-type': 'application/merge-patch+json' },
  });

/** Starts a server with the Secret mounted, as a Pod does. */
async function serveWith(folder: string, { data }: Secret): Promise<string> {
  const mounted = path.join(folder, 'secret');
  await mkdir(mounted);
  const file = (name: string): string => path.join(mounted, name);
  for (const [name, text] of Object.entries(data))
    await writeFile(file(name), Buffer.from(text, 'base64'), { mode: 0o440 });
  const api = await startApi({
    listen: { host: '127.0.0.1', port: 0 },
    dataDir: path.join(folder, 'data'),
    logger: silentLogger,
    rootKeyFile: file('encryption-keys'),
    serviceAccounts: { keyFile: file('service-account-keys') },
    keyMaterial: {
      tokenFile: file('token'),
      authority: { certificateFile: file('ca.crt'), keyFile: file('ca.key') },
      accountKeyFile: file('account-keys'),
    },
  });
  await api.close();
  return api.token;
}

describe('troupe identity create', () => {
  it('makes a Secret that a server can start with, once', async () => {
    const made = await cli('identity', 'create', 'identity');
    expect(made).toMatchObject({ code: 0, stdout: 'secret/identity created\n', stderr: '' });
    const before = await secret();
    expect(Object.keys(before.data).toSorted()).toEqual(NAMES);
    await using folder = await temporaryFolder('identity');
    expect(await serveWith(folder.path, before)).toBe(
      Buffer.from(before.data['token'] ?? '', 'base64')
        .toString('utf8')
        .trim(),
    );
    expect((await cli('identity', 'create', 'identity')).stdout).toBe('secret/identity unchanged\n');
    expect((await secret()).data).toEqual(before.data);
  });

  it('adds what is missing, and leaves what is there and is of others', async () => {
    const before = await secret();
    await patch({ 'account-keys': null, mine: Buffer.from('x').toString('base64') });
    expect((await cli('identity', 'create', 'identity')).stdout).toBe('secret/identity completed\n');
    const { 'account-keys': made, ...others } = (await secret()).data;
    const { 'account-keys': old, ...kept } = before.data;
    expect(others).toEqual({ ...kept, mine: 'eA==' });
    expect(made).not.toBe(old);
  });

  it('makes no key for a certificate that lost its own', async () => {
    await patch({ 'ca.key': null });
    expect(await cli('identity', 'create', 'identity')).toMatchObject({
      code: 1,
      stderr:
        'error: secret identity has only one of ca.crt and ca.key: put the other one back, or remove both\n',
    });
  });

  it('prints a manifest for those who keep Secrets elsewhere', async () => {
    const { code, stdout } = await done('/nowhere', [
      'identity',
      'create',
      'mine',
      '-n',
      'troupe',
      '-o',
      'yaml',
    ]);
    expect(code).toBe(0);
    const manifest = parse(stdout) as Secret;
    expect(manifest).toMatchObject({ kind: 'Secret', metadata: { name: 'mine', namespace: 'troupe' } });
    expect(Object.keys(manifest.data).toSorted()).toEqual(NAMES);
  });

  it('says what it cannot print, and whom it may not ask', async () => {
    expect(await cli('identity', 'create', 'x', '-o', 'json')).toMatchObject({
      code: 1,
      stderr: 'error: unknown output format, expected yaml\n',
    });
    expect((await cli('identity', 'create', 'Bad_Name')).stderr).toContain('metadata.name');
  });
});
