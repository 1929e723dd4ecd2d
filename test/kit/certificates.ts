import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const HOUR_MS = 3_600_000;

/** A certificate with its key, which may sign others if it is an authority's. */
export interface Identity {
  /** PEM. */
  certificate: string;
  key: string;
  issue(options: IssueOptions): Promise<Identity>;
}

export interface IssueOptions {
  /** As `CN=alice, O=staff`. */
  subject: string;
  isAuthority?: boolean;
  /** Default: for clients; none: for all. */
  usages?: readonly ('clientAuth' | 'serverAuth')[];
  /** Milliseconds since the epoch; an hour ago and in an hour when absent. */
  from?: number;
  to?: number;
  /** Host names and addresses. */
  hosts?: readonly { type: 'dns' | 'ip'; value: string }[];
}

/** An authority of its own. */
export function makeAuthority(subject = 'CN=test authority'): Promise<Identity> {
  return make({ subject, isAuthority: true }, undefined);
}

interface Issuer {
  certificate: x509.X509Certificate;
  privateKey: webcrypto.CryptoKey;
}

async function make(options: IssueOptions, issuer: Issuer | undefined): Promise<Identity> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: options.subject,
    issuer: issuer?.certificate.subjectName ?? options.subject,
    publicKey: keys.publicKey,
    signingKey: issuer?.privateKey ?? keys.privateKey,
    notBefore: new Date(options.from ?? Date.now() - HOUR_MS),
    notAfter: new Date(options.to ?? Date.now() + HOUR_MS),
    signingAlgorithm: ALGORITHM,
    extensions: await extensionsOf(options, keys.publicKey),
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return {
    certificate: `${certificate.toString('pem')}\n`,
    key: x509.PemConverter.encode(der, 'PRIVATE KEY'),
    issue: (next) => make(next, { certificate, privateKey: keys.privateKey }),
  };
}

async function extensionsOf(
  { isAuthority = false, usages = ['clientAuth'], hosts = [] }: IssueOptions,
  publicKey: webcrypto.CryptoKey,
): Promise<x509.Extension[]> {
  const identifier = await x509.SubjectKeyIdentifierExtension.create(publicKey);
  if (isAuthority)
    return [
      identifier,
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ];
  return [
    identifier,
    new x509.BasicConstraintsExtension(false, undefined, true),
    ...(usages.length === 0
      ? []
      : [new x509.ExtendedKeyUsageExtension(usages.map((usage) => x509.ExtendedKeyUsage[usage]))]),
    ...(hosts.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension([...hosts])]),
  ];
}
