import type { KeyObject } from 'node:crypto';

/** A public key under its name, with the one algorithm that it is for (RFC 8725, section 3.1). */
export interface VerifyingKey {
  kid: string;
  algorithm: 'ES256';
  publicKey: KeyObject;
}

export interface SigningKey extends VerifyingKey {
  privateKey: KeyObject;
}

/** The keys of one issuer; they change while the server runs. */
export interface SigningKeys {
  /** The key that signs now. @throws Error when there is none */
  signer(): SigningKey;
  /** As far as this process knows; the same object as long as the key verifies. */
  get(kid: string): VerifyingKey | undefined;
  /** As `get`; asks where keys come from when it knows none, not more often than that can bear. */
  find(kid: string): Promise<VerifyingKey | undefined>;
  /** All that verify. */
  all(): readonly VerifyingKey[];
}
