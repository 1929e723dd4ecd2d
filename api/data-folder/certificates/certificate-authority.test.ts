import 'reflect-metadata';
import { webcrypto, X509Certificate } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as x509 from '@peculiar/x509';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadAuthority } from './certificate-authority.ts';
import { makeServerPair } from './certificate-maker.ts';

const NOW = Date.UTC(2026, 10, 21);
const NEARLY_OVER = NOW + 3640 * 24 * 60 * 60 * 1000;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'troupe-ca-'));
});
afterEach(() => rm(folder, { recursive: true }));

const load = (now = NOW, from = folder) => loadAuthority({ folder: from, now });
const subjectOf = (pem: string): string => new X509Certificate(pem).subject;

/** As earlier versions made them: the subject has nothing to do with the key. */
async function earlierAuthority(): Promise<void> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=troupe-ca-${NOW}`,
    keys,
    notBefore: new Date(NOW),
    notAfter: new Date(NEARLY_OVER),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const key = x509.PemConverter.encode(
    await webcrypto.subtle.exportKey('pkcs8', keys.privateKey),
    'PRIVATE KEY',
  );
  await writeFile(path.join(folder, 'ca.key'), `${key}\n`);
  await writeFile(path.join(folder, 'ca.crt'), `${certificate.toString('pem')}\n`);
}

describe('an authority', () => {
  it('that lost its certificate gets one that is as good to its clients', async () => {
    const before = await load();
    await rm(path.join(folder, 'ca.crt'));
    const after = await load();
    expect(after.key).toBe(before.key);
    expect(after.certificate).not.toBe(before.certificate);
    expect(subjectOf(after.certificate)).toBe(subjectOf(before.certificate));
  });

  it('of an earlier version goes on', async () => {
    await earlierAuthority();
    const { certificate } = await load();
    expect(certificate).toBe(await readFile(path.join(folder, 'ca.crt'), 'utf8'));
    expect(subjectOf((await load(NEARLY_OVER)).certificate)).toBe(subjectOf(certificate));
  });

  it.each([
    ['this version', () => Promise.resolve()],
    ['an earlier version', earlierAuthority],
  ])('of %s is renewed, so that clients of before accept servers of after', async (_of, prepare) => {
    await prepare();
    const before = await load();
    const after = await load(NEARLY_OVER);
    expect(after.certificate).not.toBe(before.certificate);
    expect(await load(NEARLY_OVER), 'once').toEqual(after);
    const old = new X509Certificate(before.certificate);
    for (const authority of [before, after]) {
      const server = await makeServerPair({ now: NEARLY_OVER, authority, names: ['localhost'] });
      const certificate = new X509Certificate(server.certificate);
      expect(certificate.checkIssued(old)).toBe(true);
      expect(certificate.checkIssued(new X509Certificate(after.certificate))).toBe(true);
      expect(certificate.verify(old.publicKey)).toBe(true);
    }
  });

  it('is renewed once by those who come late: they take what was agreed on', async () => {
    await load();
    const expiring = await readFile(path.join(folder, 'ca.crt'), 'utf8');
    const renewed = await load(NEARLY_OVER);
    // As if another process had read the file before, or the first had died before it put the new one in place.
    await writeFile(path.join(folder, 'ca.crt'), expiring);
    expect(await load(NEARLY_OVER)).toEqual(renewed);
    expect(await readFile(path.join(folder, 'ca.crt'), 'utf8')).toBe(renewed.certificate);
  });

  it('is not guessed when its files do not belong together, or one is damaged or missing', async () => {
    await load();
    const other = path.join(folder, 'other');
    await mkdir(other);
    await load(NOW, other);
    await copyFile(path.join(other, 'ca.key'), path.join(folder, 'ca.key'));
    await expect(load()).rejects.toThrow(/do not belong together/);
    await writeFile(path.join(folder, 'ca.key'), 'x');
    await expect(load()).rejects.toThrow(/damaged/);
    await rm(path.join(folder, 'ca.key'));
    await expect(load()).rejects.toThrow(/ca\.key is missing/);
  });
});
