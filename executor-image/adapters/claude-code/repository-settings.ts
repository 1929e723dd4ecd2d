import { access } from 'node:fs/promises';
import path from 'node:path';

/** The settings that the program would take from the folder that it works in. */
const SETTINGS = [
  '.claude/settings.json',
  '.claude/settings.local.json',
  '.claude/agents',
  '.claude/commands',
  '.claude/skills',
  '.mcp.json',
];

/** A sentence about the settings of a folder that is not trusted; undefined when it has none. */
export async function unusedSettings(folder: string): Promise<string | undefined> {
  const found = await Promise.all(SETTINGS.map((name) => exists(path.join(folder, name))));
  const names = SETTINGS.filter((_, index) => found[index]);
  if (names.length === 0) return undefined;
  return `Settings of the repository are not used, since its Workspace is not trusted: ${names.join(', ')}`;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
