import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readMounted, readMountedSecret } from '../mounted-file.ts';
import type { CertificatePair } from './certificate-maker.ts';

/** A certificate and its key in files that an operator names. */
export interface CertificateFiles {
  certificateFile: string;
  keyFile: string;
}

/** How the flags of two such files are called. */
export interface CertificateFlags {
  certificate: string;
  key: string;
}

const AUTHORITY_FLAGS: CertificateFlags = { certificate: 'ca-cert', key: 'ca-key' };

/**
 * The authority in mounted files: it is never made and never renewed here.
 * @throws Error, for a person, where the files cannot be used or do not belong together
 */
export async function readMountedAuthority(files: CertificateFiles, now: number): Promise<CertificatePair> {
  const { pair, leaf, key } = await readCertificatePair(files, AUTHORITY_FLAGS);
  const where = `--ca-cert ${files.certificateFile}`;
  if (!leaf.ca) throw new Error(`${where}: it is not the certificate of an authority`);
  if (Date.parse(leaf.validTo) <= now) throw new Error(`${where}: it has ended on ${leaf.validTo}`);
  if (canSign(key)) return pair;
  throw new Error(`--ca-key ${files.keyFile}: expected a key of RSA, or ECDSA with P-256, P-384 or P-521`);
}

export interface ReadPair {
  pair: CertificatePair;
  /** The first certificate of the file. */
  leaf: X509Certificate;
  key: KeyObject;
}

/** @throws Error, for a person, where the files cannot be used or do not belong together */
export async function readCertificatePair(
  { certificateFile, keyFile }: CertificateFiles,
  flags: CertificateFlags,
): Promise<ReadPair> {
  const certificate = await readMounted({ flag: flags.certificate, file: certificateFile });
  const key = await readMountedSecret({ flag: flags.key, file: keyFile });
  const leaf = parsed(
    () => new X509Certificate(certificate),
    `--${flags.certificate} ${certificateFile}: it holds no certificate in PEM`,
  );
  const privateKey = parsed(
    () => createPrivateKey(key),
    `--${flags.key} ${keyFile}: it holds no private key in PEM without a passphrase`,
  );
  if (leaf.checkPrivateKey(privateKey)) return { pair: { certificate, key }, leaf, key: privateKey };
  throw new Error(
    `--${flags.certificate} ${certificateFile} and --${flags.key} ${keyFile} do not belong together`,
  );
}

function parsed<T>(parse: () => T, message: string): T {
  try {
    return parse();
  } catch (cause) {
    throw new Error(message, { cause });
  }
}

const CURVES = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

/** cert-manager makes keys of RSA unless it is told otherwise. */
function canSign({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  if (asymmetricKeyType === 'rsa') return true;
  return asymmetricKeyType === 'ec' && CURVES.has(asymmetricKeyDetails?.namedCurve ?? '');
}
