import { createHash } from 'node:crypto';
import { InvalidPackage } from './invalid-package.ts';
import { SKILL_FILE } from './package-file.ts';
import type { PackageFile } from './package-file.ts';
import { PACKAGE_LIMITS } from './package-limits.ts';
import { checkPath, PackageNames } from './path-rules.ts';
import { readZip } from './read-zip.ts';
import { parseSkillFile } from './skill-file.ts';
import type { SkillFile } from './skill-file.ts';
import { writeZip } from './write-zip.ts';

/** A skill's package in its normal form. */
export interface SkillPackage {
  /** A zip whose bytes depend on the files only. */
  zip: Buffer;
  /** `sha256:…` of `zip`. */
  contentHash: string;
  skill: SkillFile;
  files: readonly PackageFile[];
}

/** `sha256:` and 64 hexadecimal digits of the bytes of a package. */
export const contentHash = (zip: Uint8Array): string =>
  `sha256:${createHash('sha256').update(zip).digest('hex')}`;

/**
 * Checks a zip that somebody made and brings it into the normal form: sorted, without times, folders and the names of
 * whoever packed it, so that equal skills have equal hashes. A single folder around everything is taken off.
 * @throws InvalidPackage
 */
export async function normalizePackage(zip: Buffer): Promise<SkillPackage> {
  return packFiles(withoutOuterFolder(await readZip(zip)));
}

/** Makes a package of files. @throws InvalidPackage */
export async function packFiles(files: readonly PackageFile[]): Promise<SkillPackage> {
  checkFiles(files);
  const skillFile = files.find(({ path }) => path === SKILL_FILE);
  if (skillFile === undefined) {
    throw new InvalidPackage(`there is no ${SKILL_FILE} at the top of the package`);
  }
  const skill = parseSkillFile(skillFile.content);
  const zip = await writeZip(files);
  if (zip.length > PACKAGE_LIMITS.zipBytes) {
    throw new InvalidPackage(
      `the package has ${zip.length} bytes; at most ${PACKAGE_LIMITS.zipBytes} are allowed`,
    );
  }
  return { zip, contentHash: contentHash(zip), skill, files };
}

/** @throws InvalidPackage for a package of a skill with another name */
export function checkName({ skill }: SkillPackage, name: string): void {
  if (skill.name === name) return;
  throw new InvalidPackage(`SKILL.md: name is "${skill.name}"; it must be that of the Skill, "${name}"`);
}

/** The same rules for files that come another way than in a zip. */
function checkFiles(files: readonly PackageFile[]): void {
  if (files.length > PACKAGE_LIMITS.files) {
    throw new InvalidPackage(`there are ${files.length} files; at most ${PACKAGE_LIMITS.files} are allowed`);
  }
  const names = new PackageNames();
  let total = 0;
  for (const { path, content } of files) {
    checkPath(path);
    names.addFile(path);
    total += content.length;
  }
  if (total > PACKAGE_LIMITS.totalBytes) {
    throw new InvalidPackage(
      `the files have ${total} bytes; at most ${PACKAGE_LIMITS.totalBytes} are allowed`,
    );
  }
}

/** Archivers put the folder itself into the zip. */
function withoutOuterFolder(files: readonly PackageFile[]): readonly PackageFile[] {
  if (files.some(({ path }) => path === SKILL_FILE)) return files;
  const outer = files.find(({ path }) => /^[^/]+\/SKILL\.md$/.test(path))?.path.slice(0, -SKILL_FILE.length);
  if (outer === undefined || !files.every(({ path }) => path.startsWith(outer))) return files;
  return files.map((file) => ({ ...file, path: file.path.slice(outer.length) }));
}
