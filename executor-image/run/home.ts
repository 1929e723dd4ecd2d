import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Fills the agent's HOME: a folder for temporary files, and its git identity. Throws the system's error. */
export async function prepareHome(folder: string, agentName: string): Promise<void> {
  await mkdir(path.join(folder, 'tmp'), { mode: 0o700 });
  const name = agentName.replaceAll(/[^\p{L}\p{N} ._-]/gu, ' ').trim() || 'agent';
  const local =
    name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '') || 'agent';
  const config = [
    '[user]',
    `\tname = "${name}"`,
    // .invalid never belongs to anybody: RFC 2606, section 2.
    `\temail = ${local}@troupe.invalid`,
    '[safe]',
    '\tdirectory = *',
    '[init]',
    '\tdefaultBranch = main',
    '[advice]',
    '\tdetachedHead = false',
    '',
  ];
  await writeFile(path.join(folder, '.gitconfig'), config.join('\n'), { mode: 0o600 });
}
