import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadToken } from '../bootstrap-token.ts';
import { loadCertificates } from './certificates.ts';
import { writeKubeconfig } from '../kubeconfig.ts';

const NOW = Date.UTC(2026, 10, 21);
const DAY = 24 * 60 * 60 * 1000;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'troupe-pki-'));
});

afterEach(() => rm(folder, { recursive: true }));

const load = (listenHost: string, now = NOW, names: readonly string[] = []) =>
  loadCertificates({ folder, listenHost, names, now });
const mode = async (file: string): Promise<number> => (await stat(path.join(folder, file))).mode & 0o777;
const serverFiles = async (): Promise<string[]> =>
  (await readdir(folder)).filter((name) => name.startsWith('server-'));

describe('certificates', () => {
  it('are made once, for the names a client may use, in files that nobody else reads', async () => {
    const names = ['lb.example.com', '*.example.org', '10.1.2.3', 'fd00::7'];
    const made = await load('api.example.com', NOW, names);
    const certificate = new X509Certificate(made.certificate);
    const authority = new X509Certificate(made.caCertificate);
    expect(certificate.verify(authority.publicKey)).toBe(true);
    expect(certificate.checkIssued(authority)).toBe(true);
    for (const host of ['localhost', 'api.example.com', 'lb.example.com', 'a.example.org']) {
      expect(certificate.checkHost(host), host).toBeDefined();
    }
    for (const ip of ['127.0.0.1', '::1', '10.1.2.3', 'fd00::7']) {
      expect(certificate.checkIP(ip), ip).toBeDefined();
    }
    expect(certificate.checkHost('other.example.com')).toBeUndefined();
    for (const file of ['ca.key', ...(await serverFiles())]) expect(await mode(file)).toBe(0o600);
    expect(await load('api.example.com', NOW, names.toReversed()), 'the same at the next start').toEqual(
      made,
    );
  });

  it('of replicas with other names leave each other alone', async () => {
    const a = await load('a.example.com');
    const b = await load('b.example.com');
    expect(b.caCertificate).toBe(a.caCertificate);
    expect(b.certificate).not.toBe(a.certificate);
    expect([await load('a.example.com'), await load('b.example.com')]).toEqual([a, b]);
  });

  it('are made anew under the same authority when nearly over; those that ended are removed', async () => {
    const before = await load('a.example.com');
    const after = await load('a.example.com', NOW + 340 * DAY);
    expect(after.certificate).not.toBe(before.certificate);
    expect(after.caCertificate).toBe(before.caCertificate);
    expect(await load('a.example.com', NOW + 340 * DAY)).toEqual(after);
    await load('b.example.com', NOW + 340 * DAY);
    await load('c.example.com', NOW + (340 + 366) * DAY);
    expect(await serverFiles()).toHaveLength(1);
  });
});

describe('token and kubeconfig', () => {
  it('are private and stay', async () => {
    const token = await loadToken(path.join(folder, 'token'));
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(await loadToken(path.join(folder, 'token'))).toBe(token);
    const file = path.join(folder, 'sub', 'kubeconfig');
    for (const url of ['https://127.0.0.1:1', 'https://127.0.0.1:2']) {
      await writeKubeconfig(file, { url, caCertificate: 'CA', user: { token } });
    }
    const text = await readFile(file, 'utf8');
    expect(text).toContain('server: https://127.0.0.1:2');
    expect(text).toContain(token);
    expect([await mode('token'), await mode('sub/kubeconfig')]).toEqual([0o600, 0o600]);
  });
});
