import { hash, timingSafeEqual } from 'node:crypto';

/** SHA-256: enough for secrets of 256 random bits, which nobody can try. */
export const secretDigest = (secret: string): Buffer => hash('sha256', secret, 'buffer');

/** Whether `known` is the secretDigest of the secret; in a time that tells nothing of either. */
export function isDigestOf(known: Buffer, secret: string): boolean {
  const given = secretDigest(secret);
  return known.length === given.length && timingSafeEqual(given, known);
}
