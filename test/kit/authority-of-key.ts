import 'reflect-metadata';
import { createPublicKey, webcrypto } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** The certificate, PEM, of an authority with a key of RSA or ECDSA that somebody else has made. */
export async function makeAuthorityFor(key: KeyObject): Promise<string> {
  const isRSA = key.asymmetricKeyType === 'rsa';
  const algorithm = isRSA
    ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
    : { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' };
  const der = (one: KeyObject, type: 'pkcs8' | 'spki'): Buffer =>
    one.export({ type, format: 'der' } as { type: 'pkcs8'; format: 'der' });
  const privateKey = await webcrypto.subtle.importKey('pkcs8', der(key, 'pkcs8'), algorithm, true, ['sign']);
  const publicKey = await webcrypto.subtle.importKey(
    'spki',
    der(createPublicKey(key), 'spki'),
    algorithm,
    true,
    ['verify'],
  );
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=given authority',
    notAfter: new Date(Date.now() + 3_600_000),
    keys: { privateKey, publicKey },
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  return `${certificate.toString('pem')}\n`;
}
