import { goJson } from '../../machinery/go-text.ts';
import { createMac, isSame } from '../keyed-mac.ts';

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
 * @param secret as for createMac
 */
export function createAddressTokens(secret: Uint8Array): AddressTokens {
  const macOf = createMac(secret, 'troupe addresses of waiting nodes v1');
  const tokenFor: AddressTokens['tokenFor'] = ({ uid, node }, expiresAt) =>
    // As JSON: no uid, node and time give the text of others.
    `${expiresAt}.${macOf(goJson([uid, node, expiresAt])).toString('base64url')}`;
  return {
    tokenFor,
    isGood(token, addressee, now) {
      const expiresAt = Number(TOKEN.exec(token)?.[1] ?? 0);
      const expected = tokenFor(addressee, expiresAt);
      return isSame(Buffer.from(token), Buffer.from(expected)) && expiresAt * 1000 > now;
    },
  };
}
