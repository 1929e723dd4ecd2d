import { hash, randomBytes } from 'node:crypto';
import { isDigestOf } from '../../machinery/secret-hash.ts';

/**
 * The token that renews a session, `troupe-refresh.USER.SESSION.FAMILY.SECRET`: FAMILY stays for as long as the session
 * lasts, SECRET is good for one use. Whoever shows a used SECRET of the right FAMILY holds a token that was stolen, or
 * whose copy was (RFC 9700, section 4.14); whoever knows no FAMILY, but only the id of a session, cannot end it.
 */
export interface RefreshToken {
  user: string;
  session: string;
  family: string;
  secret: string;
}

const FORM = /^troupe-refresh\.([a-z0-9-]{1,50})\.([\w-]{22})\.([\w-]{43})\.([\w-]{43})$/;

export const newSecret = (): string => randomBytes(32).toString('base64url');
export const newSessionId = (): string => randomBytes(16).toString('base64url');

export const refreshTokenText = ({ user, session, family, secret }: RefreshToken): string =>
  `troupe-refresh.${user}.${session}.${family}.${secret}`;

export function parseRefreshToken(text: string): RefreshToken | undefined {
  const [, user, session, family, secret] = FORM.exec(text) ?? [];
  if (user === undefined || session === undefined || family === undefined || secret === undefined) {
    return undefined;
  }
  return { user, session, family, secret };
}

/** Secrets of 256 bits: a plain hash keeps them. */
export const secretHash = (secret: string): string => hash('sha256', secret, 'base64');

/** In a time that tells nothing of either. */
export function isHashOf(known: string, secret: string): boolean {
  return isDigestOf(Buffer.from(known, 'base64'), secret);
}
