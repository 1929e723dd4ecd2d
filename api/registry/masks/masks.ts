import { goJson } from '../../machinery/go-text.ts';
import { maskOf } from '../../types/credentials/credential.ts';
import type { Credential } from '../../types/credentials/credential.ts';
import { createMac, isSame } from '../keyed-mac.ts';

/** Shows credentials as masks, and finds out which value a mask stands for. */
export interface Masks {
  /**
   * The mask of a credential in the object with this uid. Equal values have equal masks only at the same place of the
   * same object, so a mask cannot be moved and tells nothing about other objects.
   */
  maskOf(uid: string, credential: Pick<Credential, 'place' | 'value'>): string;
  /** Compares in constant time. */
  isMaskOf(uid: string, credential: Pick<Credential, 'place' | 'value'>, mask: string): boolean;
}

/**
 * Masks by HMAC-SHA-256 (RFC 2104) under a key that only the server has: who has seen a mask cannot try values out.
 * @param secret as for createMac
 */
export function createMasks(secret: Uint8Array): Masks {
  const macOf = createMac(secret, 'troupe masks of credentials v1');
  const masked: Masks['maskOf'] = (uid, { place, value }) =>
    // As JSON: no uid, place and value give the text of others.
    maskOf(macOf(goJson([uid, place, value])).toString('hex'));
  return {
    maskOf: masked,
    isMaskOf: (uid, credential, mask) => isSame(Buffer.from(mask), Buffer.from(masked(uid, credential))),
  };
}
