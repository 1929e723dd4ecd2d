import 'reflect-metadata';
import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

/** Makes certificates; loaded only when one has to be made. */

const DAY_MS = 24 * 60 * 60 * 1000;
const CA_LIFE_MS = 3650 * DAY_MS;
const SERVER_LIFE_MS = 365 * DAY_MS;
/** Clocks of clients may be a little behind. */
const BACKDATE_MS = 5 * 60 * 1000;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** Both in PEM. */
export interface CertificatePair {
  certificate: string;
  key: string;
}

/** A new private key, PEM. */
export function makeKey(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
}

export interface AuthorityOptions {
  /** PEM. */
  key: string;
  /** Milliseconds since the epoch. */
  now: number;
  /** PEM of an earlier certificate of the authority, whose subject it keeps. */
  renewed?: string;
}

/** A certificate of the authority that has the key. @returns PEM */
export async function makeAuthorityCertificate({ key, now, renewed }: AuthorityOptions): Promise<string> {
  const publicKey = await importPublicKey(key);
  const name =
    renewed === undefined ? await nameOf(publicKey) : new x509.X509Certificate(renewed).subjectName;
  const certificate = await x509.X509CertificateGenerator.create({
    subject: name,
    issuer: name,
    publicKey,
    signingKey: await importKey(key),
    ...validity(now, CA_LIFE_MS),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

/** After its key: a client never mixes up two authorities, and all certificates of one key are one authority's. */
async function nameOf(publicKey: webcrypto.CryptoKey): Promise<string> {
  const bytes = new Uint8Array(await webcrypto.subtle.exportKey('spki', publicKey));
  return `CN=troupe-ca-${hash('sha256', bytes).slice(0, 16)}`;
}

/** How a key signs: an authority that an operator gives may have another sort of key than our own. */
function signatureOf(pem: string): SignatureAlgorithm {
  const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(pem);
  if (asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const [namedCurve, hashName] = CURVES[asymmetricKeyDetails?.namedCurve ?? ''] ?? ['P-256', 'SHA-256'];
  return { name: 'ECDSA', namedCurve, hash: hashName };
}

type SignatureAlgorithm = { name: string; hash: string; namedCurve?: string };

/** By OpenSSL's names: those of webcrypto, and a hash of like strength. */
const CURVES: Readonly<Record<string, readonly [string, string]>> = {
  prime256v1: ['P-256', 'SHA-256'],
  secp384r1: ['P-384', 'SHA-384'],
  secp521r1: ['P-521', 'SHA-512'],
};

export interface ServerPairOptions {
  now: number;
  authority: CertificatePair;
  /** Host names and addresses. */
  names: readonly string[];
}

export async function makeServerPair({ now, authority, names }: ServerPairOptions): Promise<CertificatePair> {
  const key = makeKey();
  const issuer = new x509.X509Certificate(authority.certificate);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=troupe-api',
    issuer: issuer.subjectName,
    publicKey: await importPublicKey(key),
    signingKey: await importKey(authority.key),
    ...validity(now, SERVER_LIFE_MS),
    signingAlgorithm: signatureOf(authority.key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key };
}

function validity(now: number, lifeMs: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now - BACKDATE_MS), notAfter: new Date(now + lifeMs) };
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const bytes = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', bytes, signatureOf(pem), false, ['sign']);
}

/** The public half of a private key. */
function importPublicKey(pem: string): Promise<webcrypto.CryptoKey> {
  const bytes = createPublicKey(pem).export({ type: 'spki', format: 'der' });
  return webcrypto.subtle.importKey('spki', bytes, ALGORITHM, true, ['verify']);
}
