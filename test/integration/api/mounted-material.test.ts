import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import type { ApiOptions } from '#api/api-options';
import { startApi } from '#api/main';
import type { RunningApi } from '#api/main';
import type { KeyMaterial } from '#api/key-material';
import { silentLogger } from '#api/machinery/logger';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { makeAuthority } from '../../kit/certificates.ts';
import type { Identity } from '../../kit/certificates.ts';

const NAME = 'troupe.example.com';

const stack = new AsyncDisposableStack();
let root: string;
/** As a Secret that is mounted: made by another server at its first start, and readable only. */
let mounted: string;
let foreign: Identity;

beforeAll(async () => {
  root = stack.use(await temporaryFolder('mounted')).path;
  const first = path.join(root, 'first');
  await (await start({ dataDir: first })).close();
  mounted = path.join(root, 'secret');
  await mkdir(mounted);
  for (const name of ['token', 'encryption-keys', 'service-account-keys', 'account-keys'])
    await cp(path.join(first, name), path.join(mounted, name));
  for (const name of ['ca.crt', 'ca.key']) await cp(path.join(first, 'pki', name), path.join(mounted, name));
  foreign = await makeAuthority();
  await write('foreign.crt', foreign.certificate);
  await write('foreign.key', foreign.key);
});
afterAll(() => stack.disposeAsync());

const inSecret = (name: string): string => path.join(mounted, name);

async function write(name: string, text: string, mode = 0o600): Promise<string> {
  const file = path.join(root, name);
  await writeFile(file, text);
  await chmod(file, mode);
  return file;
}

function start(options: Pick<ApiOptions, 'dataDir'> & Partial<ApiOptions>): Promise<RunningApi> {
  return startApi({ listen: { host: '127.0.0.1', port: 0 }, logger: silentLogger, ...options });
}

const identity = (): Pick<ApiOptions, 'keyMaterial' | 'rootKeyFile' | 'serviceAccounts'> => ({
  keyMaterial: {
    tokenFile: inSecret('token'),
    authority: { certificateFile: inSecret('ca.crt'), keyFile: inSecret('ca.key') },
    accountKeyFile: inSecret('account-keys'),
  },
  rootKeyFile: inSecret('encryption-keys'),
  serviceAccounts: { keyFile: inSecret('service-account-keys') },
});

const emptyFolder = (): Promise<string> => mkdtemp(path.join(root, 'data-'));

/** The certificate that a client sees who asks for a name. */
async function certificateFor(api: RunningApi, servername?: string): Promise<X509Certificate> {
  const { port } = new URL(api.url);
  const socket = connect({
    ...{ host: '127.0.0.1', port: Number(port), rejectUnauthorized: false },
    ...(servername === undefined ? {} : { servername }),
  });
  try {
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    return new X509Certificate(socket.getPeerX509Certificate()?.raw ?? '');
  } finally {
    socket.destroy();
  }
}

describe('a server whose key material is mounted', () => {
  it('is the same service, and makes none of it in its folder', async () => {
    const dataDir = await emptyFolder();
    const api = await start({ dataDir, ...identity() });
    await api.close();
    expect(api.token).toBe((await readFile(inSecret('token'), 'utf8')).trim());
    expect(api.caCertificate).toBe(await readFile(inSecret('ca.crt'), 'utf8'));
    const made = await readdir(dataDir, { recursive: true });
    expect(made.filter((name) => /token$|ca\.(crt|key)|-keys/.test(name))).toEqual([]);
    expect((await readdir(mounted)).toSorted()).toEqual([
      ...['account-keys', 'ca.crt', 'ca.key', 'encryption-keys', 'service-account-keys', 'token'],
    ]);
  });

  it.each([
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
  ])('takes an authority with a key of %s, as cert-manager may make it', async (sort, { privateKey }) => {
    const { makeAuthorityFor } = await import('../../kit/authority-of-key.ts');
    const certificate = await makeAuthorityFor(privateKey);
    const keyFile = await write(
      `${sort}.key`,
      privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    );
    const certificateFile = await write(`${sort}.crt`, certificate);
    const api = await start({
      dataDir: await emptyFolder(),
      keyMaterial: { authority: { certificateFile, keyFile } },
    });
    const served = await certificateFor(api);
    await api.close();
    expect(served.verify(new X509Certificate(certificate).publicKey)).toBe(true);
  });
});

describe('key material that cannot be used is told with its flag, its file and the cause', () => {
  const authority = (certificateFile: string, keyFile: string): KeyMaterial => ({
    authority: { certificateFile, keyFile },
  });
  it.each<{ reason: string; options: () => Promise<Partial<ApiOptions>>; says: RegExp }>([
    {
      reason: 'a Secret without the key token',
      options: async () => ({ keyMaterial: { tokenFile: inSecret('no-token') } }),
      says: /^--token-file \S+no-token: there is no such file; where a Secret is mounted, it may lack this key$/,
    },
    {
      reason: 'an empty token would let everybody in',
      options: async () => ({ keyMaterial: { tokenFile: await write('empty', '\n') } }),
      says: /^--token-file \S+empty: it is empty$/,
    },
    {
      reason: 'a token that can be guessed',
      options: async () => ({ keyMaterial: { tokenFile: await write('short', 'secret') } }),
      says: /^--token-file \S+short: expected 32 characters at least, without spaces/,
    },
    {
      reason: 'a token that all users of the machine can read',
      options: async () => ({ keyMaterial: { tokenFile: await write('open', 'x'.repeat(40), 0o644) } }),
      says: /^--token-file \S+open: it is open to others \(mode 0644\): chmod 600 it/,
    },
    {
      reason: 'a folder where a file belongs',
      options: async () => ({ keyMaterial: { tokenFile: mounted } }),
      says: /^--token-file \S+secret: it is a folder$/,
    },
    {
      reason: 'the key of another authority',
      options: async () => ({ keyMaterial: authority(inSecret('ca.crt'), path.join(root, 'foreign.key')) }),
      says: /^--ca-cert \S+ca\.crt and --ca-key \S+foreign\.key do not belong together$/,
    },
    {
      reason: 'the certificate of a server in place of an authority',
      options: async () => {
        const leaf = await foreign.issue({ subject: 'CN=leaf' });
        return {
          keyMaterial: authority(
            await write('leaf.crt', leaf.certificate),
            await write('leaf.key', leaf.key),
          ),
        };
      },
      says: /^--ca-cert \S+leaf\.crt: it is not the certificate of an authority$/,
    },
    {
      reason: 'an authority that is over',
      options: async () => {
        const old = await foreign.issue({ subject: 'CN=old', isAuthority: true, to: Date.now() - 1000 });
        return {
          keyMaterial: authority(await write('old.crt', old.certificate), await write('old.key', old.key)),
        };
      },
      says: /^--ca-cert \S+old\.crt: it has ended on /,
    },
    {
      reason: 'no PEM',
      options: async () => ({
        keyMaterial: authority(await write('text.crt', 'hello'), path.join(root, 'foreign.key')),
      }),
      says: /^--ca-cert \S+text\.crt: it holds no certificate in PEM$/,
    },
    {
      reason: 'a key with a passphrase, or none at all',
      options: async () => ({
        keyMaterial: authority(path.join(root, 'foreign.crt'), await write('text.key', 'hello')),
      }),
      says: /^--ca-key \S+text\.key: it holds no private key in PEM without a passphrase$/,
    },
    {
      reason: 'a serving certificate of another key',
      options: async () => ({
        keyMaterial: {
          named: { certificateFile: path.join(root, 'foreign.crt'), keyFile: inSecret('ca.key') },
        },
      }),
      says: /^--tls-cert-file \S+foreign\.crt and --tls-private-key-file \S+ca\.key do not belong together$/,
    },
    {
      reason: 'signing keys that are not there',
      options: async () => ({ keyMaterial: { accountKeyFile: inSecret('nothing') } }),
      says: /^cannot read the signing keys in \S+nothing: there is no such file$/,
    },
  ])('$reason', async ({ options, says }) => {
    await expect(start({ dataDir: await emptyFolder(), ...(await options()) })).rejects.toThrow(says);
  });
});

describe('a certificate for names of the server', () => {
  /** As the kubelet does: files are links through `..data`, which is replaced in one step. */
  async function project(folder: string, pair: Pick<Identity, 'certificate' | 'key'>): Promise<void> {
    const version = await mkdtemp(path.join(folder, '..version-'));
    await writeFile(path.join(version, 'tls.crt'), pair.certificate);
    await writeFile(path.join(version, 'tls.key'), pair.key, { mode: 0o440 });
    await rm(path.join(folder, '..next'), { force: true });
    await symlink(path.basename(version), path.join(folder, '..next'));
    await rename(path.join(folder, '..next'), path.join(folder, '..data'));
  }

  it('is shown to those who ask for one of them, and is read again when it was rotated', async () => {
    const folder = await mkdtemp(path.join(root, 'tls-'));
    const issue = (subject: string): Promise<Identity> =>
      foreign.issue({ subject, usages: ['serverAuth'], hosts: [{ type: 'dns', value: NAME }] });
    await project(folder, await issue('CN=one'));
    for (const name of ['tls.crt', 'tls.key'])
      await symlink(path.join('..data', name), path.join(folder, name));
    const named = {
      certificateFile: path.join(folder, 'tls.crt'),
      keyFile: path.join(folder, 'tls.key'),
      authorityFile: path.join(root, 'foreign.crt'),
    };
    const dataDir = await emptyFolder();
    await using api = Object.assign(
      await start({ dataDir, keyMaterial: { named }, advertiseURL: `https://${NAME}` }),
      { [Symbol.asyncDispose]: () => api.close() },
    );
    expect((await certificateFor(api, NAME)).subject).toBe('CN=one');
    for (const other of [undefined, 'localhost', 'other.example.com'])
      expect((await certificateFor(api, other)).subject, other ?? 'no name').toBe('CN=troupe-api');
    await project(folder, await issue('CN=two'));
    await vi.waitFor(async () => expect((await certificateFor(api, NAME)).subject).toBe('CN=two'), 10_000);

    const kubeconfig = parse(await readFile(api.kubeconfigPath, 'utf8')) as {
      clusters: [{ cluster: Record<string, string> }];
    };
    const [{ cluster }] = kubeconfig.clusters;
    expect(cluster['server']).toBe(`https://${NAME}`);
    const authority = Buffer.from(cluster['certificate-authority-data'] ?? '', 'base64').toString('utf8');
    expect(authority.trim()).toBe(foreign.certificate.trim());
  });
});
