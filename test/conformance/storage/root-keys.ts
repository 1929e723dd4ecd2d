import type { RootKeySource } from '#api/storage/encryption/root-keys';

/** Root keys that are in no file: replicas that are given the same one share them. */
export interface MemoryRootKeys extends RootKeySource {
  text: string | undefined;
}

export function rootKeysInMemory(text?: string): MemoryRootKeys {
  const source: MemoryRootKeys = {
    name: 'KEYS',
    text,
    read: () => Promise.resolve(source.text),
    create: (made) => Promise.resolve((source.text ??= made)),
    supersede({ next }) {
      source.text = next;
      return Promise.resolve(next);
    },
  };
  return source;
}
