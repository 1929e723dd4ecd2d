import { createPrivateKey, X509Certificate } from 'node:crypto';
import path from 'node:path';
import type { CertificatePair } from './certificate-maker.ts';
import { readMountedAuthority } from './mounted-authority.ts';
import type { CertificateFiles } from './mounted-authority.ts';
import { createPrivateFile, readIfThere, supersedePrivateFile } from '../private-file.ts';

/**
 * The service's own certificate authority. Its key is the service's identity: it is made first and never replaced,
 * and every certificate that is made for it has the same subject and key. So a process that dies between the two
 * files leaves a key that the next one certifies, and clients that trust an older certificate of the authority accept
 * what is signed after its renewal, until the older one ends.
 */

/** A certificate with less than this left is made anew at the next start. */
export const RENEW_BEFORE_MS = 30 * 24 * 60 * 60 * 1000;

/** @throws Error when the two files do not belong together: guessing would make a service its clients do not trust */
export async function loadAuthority({
  folder,
  mounted,
  now,
}: {
  folder: string;
  /** In place of the folder: files that an operator names. */
  mounted?: CertificateFiles | undefined;
  /** Milliseconds since the epoch. */
  now: number;
}): Promise<CertificatePair> {
  if (mounted !== undefined) return readMountedAuthority(mounted, now);
  const keyFile = path.join(folder, 'ca.key');
  const certificateFile = path.join(folder, 'ca.crt');
  // The certificate first: where it is, its key was before it, whatever other processes do meanwhile.
  const found = await readIfThere(certificateFile);
  const key = (await readIfThere(keyFile)) ?? (await makeKey(keyFile, found));
  if (found === undefined) {
    const next = await makeCertificate({ key, now });
    return { key, certificate: await createPrivateFile(certificateFile, next) };
  }
  const { validTo } = checked({ certificate: found, key, folder });
  if (Date.parse(validTo) - now >= RENEW_BEFORE_MS) return { key, certificate: found };
  const next = await makeCertificate({ key, now, renewed: found });
  return { key, certificate: await supersedePrivateFile(certificateFile, { found, next }) };
}

async function makeKey(file: string, certificate: string | undefined): Promise<string> {
  if (certificate === undefined) {
    const maker = await import('./certificate-maker.ts');
    return createPrivateFile(file, maker.makeKey());
  }
  throw new Error(
    `${file} is missing, ca.crt beside it is there: put the key back, or remove ca.crt too for a new authority, ` +
      'which clients have to be told of',
  );
}

async function makeCertificate(options: { key: string; now: number; renewed?: string }): Promise<string> {
  // Only now: its libraries take memory and time that no later start should pay for.
  const maker = await import('./certificate-maker.ts');
  return maker.makeAuthorityCertificate(options);
}

function checked({ certificate, key, folder }: CertificatePair & { folder: string }): X509Certificate {
  const parsed = parse(certificate, key, folder);
  if (parsed.certificate.checkPrivateKey(parsed.key)) return parsed.certificate;
  throw new Error(
    `ca.crt and ca.key in ${folder} do not belong together: put back those of one authority (replicas of a service ` +
      'have the same), or remove ca.crt to have a certificate made for the key',
  );
}

function parse(certificate: string, key: string, folder: string) {
  try {
    return { certificate: new X509Certificate(certificate), key: createPrivateKey(key) };
  } catch (cause) {
    throw new Error(`ca.crt or ca.key in ${folder} is damaged: put back a copy`, { cause });
  }
}
