import { createPrivateKey, hash, X509Certificate } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { loadAuthority, RENEW_BEFORE_MS } from './certificate-authority.ts';
import type { CertificatePair } from './certificate-maker.ts';
import type { CertificateFiles } from './mounted-authority.ts';
import { readIfThere, writePrivateFile } from '../private-file.ts';

/** The certificate that the server serves with, and that of the authority behind it. */

export interface ServerCertificates {
  /** PEM of the authority that clients trust. */
  caCertificate: string;
  /** PEM. */
  certificate: string;
  /** PEM. */
  key: string;
}

/**
 * A secret for other uses, made of the identity that all replicas have: the key of the authority. Whoever uses it derives
 * a key for one purpose (RFC 5869).
 */
export async function identitySecret({
  folder,
  authority,
  now,
}: Pick<CertificateOptions, 'authority' | 'folder' | 'now'>): Promise<Buffer> {
  const { key } = await loadAuthority({ folder, mounted: authority, now });
  return createPrivateKey(key).export({ format: 'der', type: 'pkcs8' });
}

export interface CertificateOptions {
  folder: string;
  /** Files of the authority, where an operator names them; else it is in the folder. */
  authority?: CertificateFiles | undefined;
  /** The host the server listens on, one of the names of the certificate. */
  listenHost: string;
  /** More names and addresses that clients use. */
  names?: readonly string[];
  /** Milliseconds since the epoch. */
  now: number;
}

/**
 * Reads the files of the folder and makes those that are missing or nearly over.
 *
 * A server's certificate is kept under its names, so replicas with other names leave it alone; in memory alone it
 * would cost each start a quarter of a second and 45 MB. Certificate and key are one file: of two processes that
 * make it at once the last one's stays, whole, and clients accept either, since one authority signed both.
 */
export async function loadCertificates(options: CertificateOptions): Promise<ServerCertificates> {
  const { folder, now } = options;
  const authority = await loadAuthority({ folder, mounted: options.authority, now });
  const names = subjectNames(options);
  const file = path.join(folder, `server-${hash('sha256', names.join('\n')).slice(0, 16)}.pem`);
  const server =
    (await readServerPair(file, { authority, now })) ??
    (await makeServerPair(file, { authority, now, names }));
  return { caCertificate: authority.certificate, ...server };
}

interface Issuing {
  authority: CertificatePair;
  now: number;
}

/** Undefined when there is none, it is nearly over, or another authority's. */
async function readServerPair(
  file: string,
  { authority, now }: Issuing,
): Promise<CertificatePair | undefined> {
  const pair = parsePair((await readIfThere(file)) ?? '');
  if (pair === undefined) return undefined;
  const certificate = new X509Certificate(pair.certificate);
  const fits =
    certificate.verify(new X509Certificate(authority.certificate).publicKey) &&
    Date.parse(certificate.validTo) - now >= RENEW_BEFORE_MS;
  return fits ? pair : undefined;
}

async function makeServerPair(
  file: string,
  issuing: Issuing & { names: readonly string[] },
): Promise<CertificatePair> {
  // Only now: its libraries take memory and time that no later start should pay for.
  const maker = await import('./certificate-maker.ts');
  const pair = await maker.makeServerPair(issuing);
  await writePrivateFile(file, pair.certificate + pair.key);
  await removeEnded(path.dirname(file), issuing.now);
  return pair;
}

/** Containers have a new host name at each start: what they leave must not pile up for ever. */
async function removeEnded(folder: string, now: number): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!/^server-[0-9a-f]{16}\.pem$/.test(name)) continue;
    const file = path.join(folder, name);
    const pair = parsePair((await readIfThere(file)) ?? '');
    const ended = pair !== undefined && Date.parse(new X509Certificate(pair.certificate).validTo) < now;
    if (ended) await rm(file, { force: true });
  }
}

function parsePair(text: string): CertificatePair | undefined {
  const [certificate, key] = text.split(/(?=-----BEGIN PRIVATE KEY-----)/);
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
}

function subjectNames({ listenHost, names = [] }: CertificateOptions): string[] {
  const hosts = ['localhost', '127.0.0.1', '::1', hostname(), listenHost, ...names];
  const distinct = new Set(hosts.map((host) => host.toLowerCase()));
  return [...distinct].filter((host) => host !== '' && host !== '0.0.0.0' && host !== '::').sort();
}
