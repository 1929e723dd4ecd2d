import { isHashOf, secretHash } from './refresh-token.ts';

/** A login that lasts: a family of refresh tokens of which one is good at a time. Only hashes of them are kept. */
export interface SessionRecord {
  userUID: string;
  family: string;
  /** `timesDisabled` of the User, as it was at the login. Records of before that was counted have none. */
  timesDisabled?: number;
  /** Of the tokens that are good: one, and for a moment another for a client that did not hear of the first. */
  current: readonly string[];
  /** Of the token that was used last. */
  previous?: { hash: string; usedAt: number };
  /** Milliseconds since the epoch. */
  createdAt: number;
  expiresAt: number;
  /** For people, so that they know their sessions. */
  client: string;
  address: string;
}

/**
 * For so long after its use a token may be used again: two tabs, or a client whose answer was lost. Each such use
 * makes one more good token, two at most, and the first of them that is used ends the other.
 */
export const GRACE_MS = 10_000;
const MOST_CURRENT = 2;

export type Rotation =
  | { verdict: 'rotated'; record: SessionRecord }
  /** A used token: the family is to end. */
  | { verdict: 'reused' }
  /** No token of this family, or one that comes too often. */
  | { verdict: 'refused' };

/** The session after a use of a refresh token; pure. `next`: the secret that is to be good from now on. */
export function rotate(
  record: SessionRecord,
  shown: { family: string; secret: string; next: string },
  now: number,
): Rotation {
  if (record.expiresAt <= now || !isHashOf(record.family, shown.family)) return { verdict: 'refused' };
  const next = secretHash(shown.next);
  const used = record.current.find((hash) => isHashOf(hash, shown.secret));
  if (used !== undefined) {
    return {
      verdict: 'rotated',
      record: { ...record, current: [next], previous: { hash: used, usedAt: now } },
    };
  }
  const { previous, current } = record;
  const isLate =
    previous !== undefined && isHashOf(previous.hash, shown.secret) && now - previous.usedAt <= GRACE_MS;
  if (!isLate) return { verdict: 'reused' };
  if (current.length >= MOST_CURRENT) return { verdict: 'refused' };
  return { verdict: 'rotated', record: { ...record, current: [...current, next] } };
}
