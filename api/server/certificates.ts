import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import path from 'node:path';
import type * as certificateMaker from './certificate-maker.ts';
import { readIfThere, writePrivateFile } from './private-file.ts';

/** The server's own certificate authority and the certificate it serves with. */

/** A certificate with less than this left is made anew at the next start. */
const RENEW_BEFORE_MS = 30 * 24 * 60 * 60 * 1000;

export interface ServerCertificates {
  /** PEM of the authority that clients trust. */
  caCertificate: string;
  /** PEM. */
  certificate: string;
  /** PEM. */
  key: string;
}

export interface CertificateOptions {
  folder: string;
  /** The host the server listens on, one of the names of the certificate. */
  listenHost: string;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Reads the files of the folder and makes those that are missing, nearly expired or for other names. */
export async function loadCertificates(options: CertificateOptions): Promise<ServerCertificates> {
  const { folder, now } = options;
  const names = subjectNames(options.listenHost);
  const authority =
    (await readPair(folder, 'ca', now)) ?? (await makePair(folder, 'ca', (make) => make.makeAuthority(now)));
  const found = await readPair(folder, 'server', now);
  const fits = found !== undefined && isFor(found, authority, names);
  const server = fits
    ? found
    : await makePair(folder, 'server', (make) => make.makeServerPair({ now, authority, names }));
  return { caCertificate: authority.certificate, certificate: server.certificate, key: server.key };
}

/** Undefined when one of the two files is missing or the certificate is nearly over. */
async function readPair(
  folder: string,
  name: string,
  now: number,
): Promise<certificateMaker.CertificatePair | undefined> {
  const certificate = await readIfThere(path.join(folder, `${name}.crt`));
  const key = await readIfThere(path.join(folder, `${name}.key`));
  if (certificate === undefined || key === undefined) return undefined;
  const end = Date.parse(new X509Certificate(certificate).validTo);
  return end - now < RENEW_BEFORE_MS ? undefined : { certificate, key };
}

async function makePair(
  folder: string,
  name: string,
  make: (maker: typeof certificateMaker) => Promise<certificateMaker.CertificatePair>,
): Promise<certificateMaker.CertificatePair> {
  // Only now: its libraries take memory and time that no later start should pay for.
  const pair = await make(await import('./certificate-maker.ts'));
  await writePrivateFile(path.join(folder, `${name}.key`), pair.key);
  await writePrivateFile(path.join(folder, `${name}.crt`), pair.certificate);
  return pair;
}

function subjectNames(listenHost: string): string[] {
  const hosts = ['localhost', '127.0.0.1', '::1', hostname().toLowerCase(), listenHost.toLowerCase()];
  return [...new Set(hosts)].filter((host) => host !== '' && host !== '0.0.0.0' && host !== '::');
}

function isFor(
  pair: certificateMaker.CertificatePair,
  authority: certificateMaker.CertificatePair,
  names: readonly string[],
): boolean {
  const certificate = new X509Certificate(pair.certificate);
  const covers = (name: string): boolean =>
    (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;
  return certificate.verify(new X509Certificate(authority.certificate).publicKey) && names.every(covers);
}
