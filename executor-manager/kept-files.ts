import { readdir } from 'node:fs/promises';

const PLAIN = /^[A-Za-z0-9][A-Za-z0-9-]{0,127}$/;

/** Whether a file or folder may be named by it: it leads nowhere else. Uids are such names; who writes a spec may write others. */
export function isPlainName(text: string): boolean {
  return PLAIN.test(text);
}

/** Whether a call of node:fs failed since the file or folder is not there. */
export function isAbsent(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** The names in a folder; none where there is no folder. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}
