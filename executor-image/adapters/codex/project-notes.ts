import { open, realpath } from 'node:fs/promises';
import path from 'node:path';

/** As Codex itself reads of such a file. */
const MOST_BYTES = 32 * 1024;

/** In the order in which they are looked for; the first one counts. */
const NAMES = ['AGENTS.md', 'CLAUDE.md'];

/**
 * The words of the repository to its agents, in the form in which Codex tells its model. Of a repository that is not trusted
 * it reads no such file itself; the words are input all the same. Undefined when there is none.
 */
export async function projectNotes(folder: string): Promise<string | undefined> {
  for (const name of NAMES) {
    const text = await beginningOf(folder, name);
    if (text === undefined || text.trim() === '') continue;
    return `# AGENTS.md instructions for ${folder}\n\n<INSTRUCTIONS>\n${text}\n</INSTRUCTIONS>`;
  }
  return undefined;
}

/** Undefined for a file that is not there, leads out of the folder or is not a file. */
async function beginningOf(folder: string, name: string): Promise<string | undefined> {
  try {
    const [root, file] = await Promise.all([realpath(folder), realpath(path.join(folder, name))]);
    if (!file.startsWith(`${root}${path.sep}`)) return undefined;
    await using handle = await open(file);
    if (!(await handle.stat()).isFile()) return undefined;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MOST_BYTES), 0, MOST_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } catch {
    return undefined; // not there, or not to be read: the repository says nothing
  }
}
