import { createCipheriv, createDecipheriv, createSecretKey, randomFillSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/**
 * XAES-256-GCM (https://c2sp.org/XAES-256-GCM): AES-256-GCM under a key of its own for every message, derived from
 * one key and half of a random nonce of 192 bits. Plain AES-256-GCM with random nonces of 96 bits is safe for 2^32
 * messages per key, which replicas would have to count together and across crashes; this is for 2^80.
 */
export class ExtendedNonceKey {
  readonly #encryptBlocks: (blocks: Buffer) => Buffer;
  /** What is encrypted to a message's key, but for its nonce. */
  readonly #template: Buffer;

  constructor(key: Buffer) {
    if (key.length !== KEY_BYTES) throw new Error(`a key has ${KEY_BYTES} bytes, not ${key.length}`);
    // One for all messages: blocks in ECB mode leave nothing behind in it, and making one costs more than a message.
    const cipher = createCipheriv('aes-256-ecb', createSecretKey(key), null).setAutoPadding(false);
    this.#encryptBlocks = (blocks) => cipher.update(blocks);
    const mask = doubled(this.#encryptBlocks(Buffer.alloc(BLOCK_BYTES)));
    this.#template = Buffer.concat([maskedBlock(1, mask), maskedBlock(2, mask)]);
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
    const blocks = Buffer.from(this.#template);
    for (let at = 0; at < HALF; at += WORD_BYTES) {
      const word = nonce.readInt32LE(at);
      for (const to of [WORD_BYTES + at, BLOCK_BYTES + WORD_BYTES + at]) {
        blocks.writeInt32LE(blocks.readInt32LE(to) ^ word, to);
      }
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
const WORD_BYTES = 4;
const LABEL = 'X'.charCodeAt(0);

/** Times x in GF(2^128), as CMAC makes its masks. */
function doubled(block: Buffer): bigint {
  const shifted = BigInt(`0x${block.toString('hex')}`) << 1n;
  return shifted >> 128n === 0n ? shifted : BigInt.asUintN(128, shifted) ^ 0x87n;
}

/** The block with this number, masked, with zeros for the nonce. */
function maskedBlock(number: number, mask: bigint): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  block.writeUInt16BE(number);
  block.writeUInt8(LABEL, 2);
  const masked = BigInt(`0x${block.toString('hex')}`) ^ mask;
  return Buffer.from(masked.toString(16).padStart(2 * BLOCK_BYTES, '0'), 'hex');
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
