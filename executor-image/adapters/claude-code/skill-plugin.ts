import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { AdapterContext } from '../adapter.ts';

const NAME = 'troupe';

/**
 * Shows skills to the program as a plugin of its own, which it loads whatever settings it reads: `$HOME/.claude/skills`
 * and `--add-dir` count only with the settings of the user and of the project. The model sees `troupe:NAME`.
 * @returns arguments of the program
 */
export async function skillPlugin({
  home,
  skills,
}: Pick<AdapterContext, 'home' | 'skills'>): Promise<string[]> {
  if (skills.length === 0) return [];
  const folder = path.join(home, '.troupe', 'skills');
  await mkdir(path.join(folder, '.claude-plugin'), { recursive: true });
  await mkdir(path.join(folder, 'skills'), { recursive: true });
  const description = 'Skills of this Task';
  await writeFile(
    path.join(folder, '.claude-plugin', 'plugin.json'),
    JSON.stringify({ name: NAME, description, version: '1.0.0' }),
  );
  for (const skill of skills) await link(skill.folder, path.join(folder, 'skills', skill.name));
  return ['--plugin-dir', folder];
}

/** A second turn of the run finds them there. */
async function link(target: string, at: string): Promise<void> {
  try {
    await symlink(target, at, 'dir');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
