import { hash, X509Certificate } from 'node:crypto';

/**
 * SHA-256 of the public key (SubjectPublicKeyInfo) of a certificate, in hexadecimal digits: what kubeadm calls
 * discovery-token-ca-cert-hash. It stays the same when the authority gets another certificate for its key.
 * @throws Error for what is no certificate
 */
export function authorityHash(pem: string): string {
  const { publicKey } = new X509Certificate(pem);
  return hash('sha256', publicKey.export({ format: 'der', type: 'spki' }), 'hex');
}

/** The certificates of a PEM file, one by one. */
export const certificatesIn = (pem: string): string[] =>
  pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
