import { randomBytes } from 'node:crypto';
import { createPrivateFile, readIfThere, supersedePrivateFile } from './private-file.ts';

/** The token in the file, made when there is none; the same for all processes that share the file. */
export async function loadToken(file: string): Promise<string> {
  const found = await readIfThere(file);
  if (found !== undefined && found.trim() !== '') return found.trim();
  const next = `${randomBytes(32).toString('base64url')}\n`;
  const text =
    found === undefined
      ? await createPrivateFile(file, next)
      : await supersedePrivateFile(file, { found, next });
  return text.trim();
}
