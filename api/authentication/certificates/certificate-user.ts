import type { X509Certificate } from 'node:crypto';
import type { Clock } from '../../machinery/clock.ts';
import type { User } from '../../machinery/users/user.ts';
import { unauthorized } from '../authenticator.ts';
import type { Authenticator } from '../authenticator.ts';
import { CREDENTIAL_ID } from '../credential-id.ts';
import type { AuthorityFile } from './authority-file.ts';

/** Of kubernetes.io, for the uid of a user (apiserver internal/asn1util). */
const UID = '1.3.6.1.4.1.57683.2';

/**
 * Certificates of clients: the common name is the user, organizations are groups (apiserver
 * authentication/request/x509). There is no revocation: certificates have to be short-lived.
 */
export function createCertificateAuthenticator(
  authorities: Pick<AuthorityFile, 'current'>,
  clock: Clock,
): Authenticator {
  return {
    async authenticate(credentials) {
      const certificate = credentials.clientCertificate();
      if (certificate === undefined) return undefined;
      authorities.current().verify(certificate, clock.now());
      return userOf(certificate.leaf);
    },
  };
}

/** By the certificate of a connection. */
const users = new WeakMap<X509Certificate, User>();

/** Undefined for a certificate without a common name. @throws StatusError Unauthorized for a uid that is not one */
function userOf(certificate: X509Certificate): User | undefined {
  const known = users.get(certificate);
  if (known !== undefined) return known;
  const name = commonName(certificate);
  if (name === undefined || name === '') return undefined;
  const uid = uidOf(certificate);
  const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
  const user = {
    name,
    ...(uid === undefined ? {} : { uid }),
    groups: subjectOf(certificate, 'O'),
    extra: { [CREDENTIAL_ID]: [`X509SHA256=${fingerprint}`] },
  };
  users.set(certificate, user);
  return user;
}

/** The last one, where there are several. */
export const commonName = (certificate: X509Certificate): string | undefined =>
  subjectOf(certificate, 'CN').at(-1);

function uidOf(certificate: X509Certificate): string | undefined {
  const [uid, ...more] = subjectOf(certificate, UID);
  if (uid === undefined) return undefined;
  if (uid === '' || more.length > 0) throw unauthorized(new Error('the certificate has no one uid'));
  return uid;
}

function subjectOf(certificate: X509Certificate, attribute: string): string[] {
  const subject = certificate.toLegacyObject().subject as unknown as Record<
    string,
    string[] | string | undefined
  >;
  const value = subject[attribute] ?? [];
  return Array.isArray(value) ? value : [value];
}
