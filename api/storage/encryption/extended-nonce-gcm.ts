import { createCipheriv, createDecipheriv, createSecretKey, randomFillSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/**
 * XAES-256-GCM (https://c2sp.org/XAES-256-GCM): AES-256-GCM under a key of its own for every message, derived from
 * one key and half of a random nonce of 192 bits. Plain AES-256-GCM with random nonces of 96 bits is safe for 2^32
 * messages per key, which replicas would have to count together and across crashes; this is for 2^80.
 */
export class ExtendedNonceKey {
  readonly #encryptBlocks: (blocks: Buffer) => Buffer;
  /** K1 of CMAC: what the last block of a message is masked with. */
  readonly #mask: Buffer;

  constructor(key: Buffer) {
    if (key.length !== KEY_BYTES) throw new Error(`a key has ${KEY_BYTES} bytes, not ${key.length}`);
    // One for all messages: blocks in ECB mode leave nothing behind in it, and making one costs more than a message.
    const cipher = createCipheriv('aes-256-ecb', createSecretKey(key), null).setAutoPadding(false);
    this.#encryptBlocks = (blocks) => cipher.update(blocks);
    this.#mask = doubled(this.#encryptBlocks(Buffer.alloc(BLOCK_BYTES)));
  }

  /** Nonce, ciphertext and tag. `owner` is authenticated, not kept: the same has to be given to open it. */
  seal(text: string, owner: string): Buffer {
    const nonce = nextNonce();
    const cipher = createCipheriv('aes-256-gcm', this.#derive(nonce), nonce.subarray(HALF));
    cipher.setAAD(Buffer.from(owner));
    const body = cipher.update(text, 'utf8');
    return Buffer.concat([nonce, body, cipher.final(), cipher.getAuthTag()]);
  }

  /** Undefined for whatever was not sealed with this key for this owner. */
  open(sealed: Buffer, owner: string): string | undefined {
    if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const nonce = sealed.subarray(0, NONCE_BYTES);
    const tagAt = sealed.length - TAG_BYTES;
    const decipher = createDecipheriv('aes-256-gcm', this.#derive(nonce), nonce.subarray(HALF), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(owner));
    decipher.setAuthTag(sealed.subarray(tagAt));
    const body = decipher.update(sealed.subarray(NONCE_BYTES, tagAt));
    try {
      decipher.final();
    } catch {
      // All that Node says is that the tag does not fit.
      return undefined;
    }
    return body.toString('utf8');
  }

  /** CMAC of two blocks, each with its number: a key derivation of NIST SP 800-108r1 in counter mode. */
  #derive(nonce: Buffer): KeyObject {
    const blocks = Buffer.alloc(2 * BLOCK_BYTES);
    for (const [number, at] of BLOCKS) {
      blocks[at + 1] = number;
      blocks[at + 2] = LABEL;
      nonce.copy(blocks, at + 4, 0, HALF);
      for (let i = 0; i < BLOCK_BYTES; i++) blocks[at + i]! ^= this.#mask[i]!;
    }
    // Node takes ten times as long with a key that is a buffer.
    return createSecretKey(this.#encryptBlocks(blocks));
  }
}

export const KEY_BYTES = 32;
const BLOCK_BYTES = 16;
const NONCE_BYTES = 24;
/** The first half goes into the key of the message, the second is its nonce. */
const HALF = NONCE_BYTES / 2;
const TAG_BYTES = 16;
const LABEL = 'X'.charCodeAt(0);
const BLOCKS = [
  [1, 0],
  [2, BLOCK_BYTES],
] as const;

/** Times x in GF(2^128), as CMAC makes its masks. */
function doubled(block: Buffer): Buffer {
  const shifted = Buffer.alloc(BLOCK_BYTES);
  for (let i = 0; i < BLOCK_BYTES; i++) shifted[i] = (block[i]! << 1) | ((block[i + 1] ?? 0) >> 7);
  if (block[0]! >= 0x80) shifted[BLOCK_BYTES - 1]! ^= 0x87;
  return shifted;
}

/** Random bytes are fetched for many messages at once: a call for each would cost as much as the encryption. */
const pool = Buffer.alloc(NONCE_BYTES * 256);
let used = pool.length;

function nextNonce(): Buffer {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const nonce = Buffer.from(pool.subarray(used, used + NONCE_BYTES));
  used += NONCE_BYTES;
  return nonce;
}
