import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether an Authorization header carries the token with this SHA-256; takes the same time for every wrong one. */
export function isAuthorized(header: string | undefined, tokenHash: string): boolean {
  const token = /^Bearer (.+)$/i.exec(header ?? '')?.[1] ?? '';
  const given = createHash('sha256').update(token).digest();
  return timingSafeEqual(given, Buffer.from(tokenHash, 'hex'));
}
