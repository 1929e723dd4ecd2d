import { StorageError } from '../contract/storage-error.ts';
import type { NewestKey } from './encryption-tables.ts';
import type { DataKey } from './data-key.ts';
import type { KeyRing } from './key-ring.ts';
import { keyIdOf, sealedBytes, sealedText } from './sealed-text.ts';

/** Attempts of a write that is refused although no other key is known: keys of now are read before each. */
const ATTEMPTS = 5;

/** Encrypts and decrypts the texts of rows with the keys that there are. */
export class TextCipher {
  readonly #ring: KeyRing;

  constructor(ring: KeyRing) {
    this.#ring = ring;
  }

  /**
   * Runs a write under the newest key, and repeats it when the key has been replaced meanwhile, however often: whoever
   * replaced it got on.
   */
  async writing<T>(write: (key: DataKey) => Promise<T>): Promise<T> {
    for (let left = ATTEMPTS; ;) {
      if (this.#ring.newest === undefined) await this.#ring.refresh();
      const key = this.#ring.newest;
      if (key === undefined)
        throw new StorageError('Undecryptable', 'the database has lost its newest data key');
      try {
        return await write(key);
      } catch (error) {
        if (left === 0 || !(error instanceof StorageError) || error.code !== 'StaleKey') throw error;
        await this.#ring.refresh();
        if (this.#ring.newest === key) left--;
      }
    }
  }

  /** Runs a step that decrypts; once more with the keys of now when it meets one that other replicas made. */
  async reading<T>(step: () => Promise<T> | T): Promise<T> {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof UnknownKey)) throw error;
      await this.#ring.refresh();
      return step();
    }
  }

  /** The text as it was given to be written; plain ones as they are. `what` is for the message. */
  open(text: string, owner: string, what: () => string): string {
    const keyId = keyIdOf(text);
    if (keyId === undefined) return text;
    const key = this.#ring.find(keyId);
    if (key === undefined)
      throw new UnknownKey(`${what()} cannot be decrypted: there is no data key ${keyId}`);
    const opened = key.key.open(sealedBytes(text), owner);
    if (opened !== undefined) return opened;
    const why = 'it was damaged, changed or moved from another row';
    throw new StorageError('Undecryptable', `${what()} cannot be decrypted with data key ${keyId}: ${why}`);
  }
}

export function seal(key: DataKey, text: string, owner: string): string {
  return sealedText(key.id, key.key.seal(text, owner));
}

export const stampOf = ({ id, generation }: DataKey): NewestKey => ({ id, generation });

class UnknownKey extends StorageError {
  constructor(message: string) {
    super('Undecryptable', message);
  }
}
