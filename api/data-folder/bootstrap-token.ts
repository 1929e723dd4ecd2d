import { randomBytes } from 'node:crypto';
import { readMountedSecret } from './mounted-file.ts';
import { createPrivateFile, readIfThere, supersedePrivateFile } from './private-file.ts';

/** The token in the file, made when there is none; the same for all processes that share the file. */
export async function loadToken(file: string): Promise<string> {
  const found = await readIfThere(file);
  if (found !== undefined && found.trim() !== '') return found.trim();
  const next = newToken();
  const text =
    found === undefined
      ? await createPrivateFile(file, next)
      : await supersedePrivateFile(file, { found, next });
  return text.trim();
}

/** The content of a file with a new token. */
export const newToken = (): string => `${randomBytes(32).toString('base64url')}\n`;

/** Whoever has it may do everything: a short one could be found by trying. */
const FEWEST_CHARACTERS = 32;

/** The token of a file that an operator names. @throws Error, for a person, who is not told the token */
export async function readToken(file: string): Promise<string> {
  const token = (await readMountedSecret({ flag: 'token-file', file })).trim();
  if (token.length >= FEWEST_CHARACTERS && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new Error(
    `--token-file ${file}: expected ${FEWEST_CHARACTERS} characters at least, without spaces, as openssl rand -hex 32 prints`,
  );
}
