import { describeError } from '../machinery/logger.ts';
import { createPrivateFile, readIfThere, supersedePrivateFile, tooOpenMode } from './private-file.ts';
import { StorageError } from '../storage/contract/storage-error.ts';
import type { RootKeySource } from '../storage/encryption/root-keys.ts';

export interface RootKeyFile {
  file: string;
  /** Not where an operator named the file: one that is missing is then a mistake, and a new key would hide it. */
  mayMake: boolean;
}

/** Root keys in a file for the owner alone. Replicas that share its folder agree on one. */
export function rootKeyFile({ file, mayMake }: RootKeyFile): RootKeySource {
  return {
    name: file,
    async read() {
      const text = await attempt('read', file, () => readIfThere(file));
      if (text !== undefined) await refuseOpen(file);
      return text;
    },
    ...(mayMake ? { create: (text) => attempt('make', file, () => createPrivateFile(file, text)) } : {}),
    supersede: (change) => attempt('write', file, () => supersedePrivateFile(file, change)),
  };
}

async function refuseOpen(file: string): Promise<void> {
  const mode = await tooOpenMode(file);
  if (mode === undefined) return;
  throw new StorageError(
    'Undecryptable',
    `the root keys in ${file} are open to others (mode ${mode}): chmod 600 ${file}, and rotate them if others read them`,
  );
}

async function attempt<T>(doing: string, file: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    const text = `cannot ${doing} the file of root keys ${file}: ${describeError(error)}`;
    throw new StorageError('Undecryptable', text, { cause: error });
  }
}
