import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidPackage } from '#skill-packages/invalid-package';
import type { PackageFile } from '#skill-packages/package-file';
import { PACKAGE_LIMITS } from '#skill-packages/package-limits';
import { normalizePackage, packFiles } from '#skill-packages/skill-package';
import type { SkillPackage } from '#skill-packages/skill-package';
import { CliError } from './error-text.ts';

/** Files that stand beside a skill and are no part of it. */
const LEFT_OUT = new Set(['.git', '.DS_Store', 'Thumbs.db']);

/** The package of a folder or zip. @throws CliError that names the path and the reason */
export async function readSkillPackage(path: string): Promise<SkillPackage> {
  try {
    const isFolder = (await lstat(path)).isDirectory();
    return isFolder ? await packFiles(await folderFiles(path)) : await normalizePackage(await readFile(path));
  } catch (error) {
    if (error instanceof CliError) throw error;
    if (error instanceof InvalidPackage) throw new CliError(`${path}: ${error.message}`, { cause: error });
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (missing) throw new CliError(`the path ${JSON.stringify(path)} does not exist`, { cause: error });
    throw error;
  }
}

async function folderFiles(root: string): Promise<PackageFile[]> {
  const files: PackageFile[] = [];
  let bytes = 0;
  const waiting = [''];
  for (const folder of waiting) {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      if (LEFT_OUT.has(entry.name)) continue;
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) waiting.push(path);
      else if (entry.isFile()) {
        const { size, mode } = await lstat(join(root, path));
        bytes += size;
        // A folder that is no skill, such as a home, must not be read to its end.
        if (files.length >= PACKAGE_LIMITS.files || bytes > PACKAGE_LIMITS.totalBytes) throw tooMuch();
        files.push({ path, content: await readFile(join(root, path)), executable: (mode & 0o111) !== 0 });
      } else throw new InvalidPackage(`${JSON.stringify(path)} is no ordinary file; links are not followed`);
    }
  }
  return files;
}

const tooMuch = (): InvalidPackage =>
  new InvalidPackage(
    `the folder has more than ${PACKAGE_LIMITS.files} files or ${PACKAGE_LIMITS.totalBytes} bytes`,
  );
