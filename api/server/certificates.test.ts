import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadCertificates } from './certificates.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { loadToken } from './private-file.ts';

const NOW = Date.UTC(2026, 10, 21);
const DAY = 24 * 60 * 60 * 1000;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'troupe-pki-'));
});

afterEach(() => rm(folder, { recursive: true }));

const load = (listenHost: string, now = NOW) => loadCertificates({ folder, listenHost, now });
const mode = async (file: string): Promise<number> => (await stat(path.join(folder, file))).mode & 0o777;

describe('certificates', () => {
  it('are made once, for the names a client may use, in files that nobody else reads', async () => {
    const made = await load('api.example.com');
    const certificate = new X509Certificate(made.certificate);
    const authority = new X509Certificate(made.caCertificate);
    expect(certificate.verify(authority.publicKey)).toBe(true);
    expect(certificate.checkIssued(authority)).toBe(true);
    for (const host of ['localhost', 'api.example.com']) expect(certificate.checkHost(host)).toBe(host);
    for (const ip of ['127.0.0.1', '::1']) expect(certificate.checkIP(ip), ip).toBeDefined();
    expect(certificate.checkHost('other.example.com')).toBeUndefined();
    for (const file of ['ca.key', 'server.key']) expect(await mode(file)).toBe(0o600);
    expect(await load('api.example.com'), 'the same at the next start').toEqual(made);
  });

  it.each([
    ['another host', 'b.example.com', NOW],
    ['nearly over', 'a.example.com', NOW + 340 * DAY],
  ])('are made anew under the same authority: %s', async (_name, host, now) => {
    const before = await load('a.example.com');
    const after = await load(host, now);
    expect(after.certificate).not.toBe(before.certificate);
    expect(after.caCertificate).toBe(before.caCertificate);
  });

  it('are all made anew when the authority ends', async () => {
    const before = await load('a.example.com');
    const after = await load('a.example.com', NOW + 3640 * DAY);
    expect(after.caCertificate).not.toBe(before.caCertificate);
    expect(
      new X509Certificate(after.certificate).verify(new X509Certificate(after.caCertificate).publicKey),
    ).toBe(true);
  });
});

describe('token and kubeconfig', () => {
  it('are private and stay', async () => {
    const token = await loadToken(path.join(folder, 'token'));
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(await loadToken(path.join(folder, 'token'))).toBe(token);
    const file = path.join(folder, 'sub', 'kubeconfig');
    for (const url of ['https://127.0.0.1:1', 'https://127.0.0.1:2']) {
      await writeKubeconfig(file, { url, caCertificate: 'CA', token });
    }
    const text = await readFile(file, 'utf8');
    expect(text).toContain('server: https://127.0.0.1:2');
    expect(text).toContain(token);
    expect([await mode('token'), await mode('sub/kubeconfig')]).toEqual([0o600, 0o600]);
  });
});
