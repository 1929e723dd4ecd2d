import { newToken } from './data-folder/bootstrap-token.ts';
import { newRing, ringText } from './data-folder/signing-keys/key-ring.ts';
import { newRootKeys } from './storage/encryption/root-keys.ts';

/** The files of one identity, by the names that they have in a Secret. */
export const KEY_MATERIAL_NAMES = [
  'token',
  'ca.crt',
  'ca.key',
  'encryption-keys',
  'service-account-keys',
  'account-keys',
] as const;

export type NewKeyMaterial = Readonly<Record<(typeof KEY_MATERIAL_NAMES)[number], string>>;

/** A new identity, for replicas that get theirs from a Secret. @param now milliseconds since the epoch */
export async function newKeyMaterial(now: number): Promise<NewKeyMaterial> {
  const maker = await import('./data-folder/certificates/certificate-maker.ts');
  const key = maker.makeKey();
  return {
    token: newToken(),
    'ca.crt': await maker.makeAuthorityCertificate({ key, now }),
    'ca.key': key,
    'encryption-keys': newRootKeys(),
    'service-account-keys': ringText(newRing(now)),
    'account-keys': ringText(newRing(now)),
  };
}
