import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { goJson } from '../../machinery/go-text.ts';

/** A node of a Task that can be called from outside. */
export interface Addressee {
  /** uid of the Task. */
  uid: string;
  node: string;
}

/** Tokens in the addresses of nodes. Nothing of them is stored: whoever has the key can tell that one is good. */
export interface AddressTokens {
  /** @param expiresAt seconds since the epoch */
  tokenFor(addressee: Addressee, expiresAt: number): string;
  /** Compares in constant time. @param now milliseconds since the epoch */
  isGood(token: string, addressee: Addressee, now: number): boolean;
}

const TOKEN = /^([1-9]\d{0,11})\.[\w-]{43}$/;

/**
 * Tokens by HMAC-SHA-256 (RFC 2104): `EXPIRY.MAC`.
 * @param secret of at least 32 bytes, the same for all replicas; the key is derived from it (RFC 5869)
 */
export function createAddressTokens(secret: Uint8Array): AddressTokens {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'troupe addresses of waiting nodes v1', 32));
  const tokenFor: AddressTokens['tokenFor'] = ({ uid, node }, expiresAt) => {
    // As JSON: no uid, node and time give the text of others.
    const mac = createHmac('sha256', key).update(goJson([uid, node, expiresAt]));
    return `${expiresAt}.${mac.digest('base64url')}`;
  };
  return {
    tokenFor,
    isGood(token, addressee, now) {
      const expiresAt = Number(TOKEN.exec(token)?.[1] ?? 0);
      const expected = Buffer.from(tokenFor(addressee, expiresAt));
      const given = Buffer.from(token);
      const isSame = expected.length === given.length && timingSafeEqual(expected, given);
      return isSame && expiresAt * 1000 > now;
    },
  };
}
