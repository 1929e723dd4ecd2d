import { randomBytes } from 'node:crypto';
import type { NewestKey, WrappedKey } from './encryption-tables.ts';
import { ExtendedNonceKey, KEY_BYTES } from './extended-nonce-gcm.ts';
import type { RootKey } from './root-keys.ts';

/** A key that encrypts texts. Its id names its generation, so that two databases never take one for the other. */
export interface DataKey extends NewestKey {
  createdAt: number;
  rootKeyId: string;
  key: ExtendedNonceKey;
  material: string;
}

export function newDataKey(generation: number, made: { root: RootKey; now: number }): DataKey {
  const material = randomBytes(KEY_BYTES).toString('base64');
  return {
    id: `k${generation}-${randomBytes(6).toString('hex')}`,
    generation,
    createdAt: made.now,
    rootKeyId: made.root.id,
    key: new ExtendedNonceKey(Buffer.from(material, 'base64')),
    material,
  };
}

export function wrapped({ id, createdAt, material }: DataKey, root: RootKey): WrappedKey {
  const sealed = root.key.seal(material, ownerOf(id, root));
  return { id, rootKeyId: root.id, wrapped: sealed.toString('base64'), createdAt };
}

/** Undefined when the row was changed: the root key is the right one by its id. */
export function unwrapped(row: WrappedKey, root: RootKey): DataKey | undefined {
  const { id, rootKeyId, createdAt } = row;
  const material = root.key.open(Buffer.from(row.wrapped, 'base64'), ownerOf(id, root));
  if (material === undefined) return undefined;
  const key = new ExtendedNonceKey(Buffer.from(material, 'base64'));
  return { id, generation: generationOf(id), createdAt, rootKeyId, key, material };
}

export function generationOf(keyId: string): number {
  return Number(/^k(\d+)-/.exec(keyId)?.[1] ?? Number.NaN);
}

const ownerOf = (id: string, root: RootKey): string => JSON.stringify(['data key', id, root.id]);
