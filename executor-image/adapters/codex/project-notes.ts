import { realpath } from 'node:fs/promises';
import { beginningOf, pathInside } from '../../instructions/file-of-folder.ts';

/** As Codex itself reads of such a file. */
const MOST_BYTES = 32 * 1024;

/** In the order in which they are looked for; the first one counts. */
const NAMES = ['AGENTS.md', 'CLAUDE.md'];

/**
 * The words of the repository to its agents, in the form in which Codex tells its model. In a Workspace that is not
 * trusted it reads no such file itself; the words are input all the same. Undefined when there is none.
 */
export async function projectNotes(folder: string): Promise<string | undefined> {
  const root = await realpath(folder);
  for (const name of NAMES) {
    const file = await pathInside(root, name);
    const text = file === undefined ? undefined : await beginningOf(file, MOST_BYTES);
    if (text === undefined || text.trim() === '') continue;
    return `# AGENTS.md instructions for ${folder}\n\n<INSTRUCTIONS>\n${text}\n</INSTRUCTIONS>`;
  }
  return undefined;
}
