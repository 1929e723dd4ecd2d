import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { removeTree } from '#agent-folders/remove-tree';
import { SKILL_FILE } from '#skill-packages/package-file';
import type { PackageFile } from '#skill-packages/package-file';
import { readZip } from '#skill-packages/read-zip';
import { isSkillName } from '#skill-packages/skill-name';

/** The place of a package. */
export interface SkillKey {
  /** SHA-256 of the package in hex. */
  hash: string;
  name: string;
}

/** A skill cannot be put; the message says why. */
export class SkillRefused extends Error {}

/**
 * The skills of a runtime, unpacked at `STATE/skills/HASH/NAME` and without any right to write. The agent has the
 * same user and could give itself the right: before a file counts, it is held to what was unpacked.
 */
export class SkillShelf {
  readonly #folder: string;
  /** By hash: the files with their SHA-256. */
  readonly #files = new Map<string, Map<string, string>>();
  readonly #putting = new Map<string, Promise<void>>();

  constructor(stateFolder: string) {
    this.#folder = path.join(stateFolder, 'skills');
  }

  /** Where the skill's SKILL.md is, once it was put. */
  folderOf({ hash, name }: SkillKey): string {
    return path.join(this.#folder, hash, name);
  }

  has({ hash }: SkillKey): boolean {
    return this.#files.has(hash);
  }

  /** Unpacks a package; the same again has no effect. @throws SkillRefused, InvalidPackage, the system's error */
  async put(key: SkillKey, zip: Buffer): Promise<void> {
    if (!isSkillName(key.name)) throw new SkillRefused(`${JSON.stringify(key.name)} is no name of a skill`);
    if (this.has(key)) return;
    const putting = this.#putting.get(key.hash) ?? this.#unpack(key, zip);
    this.#putting.set(key.hash, putting);
    try {
      await putting;
    } finally {
      this.#putting.delete(key.hash);
    }
  }

  async #unpack(key: SkillKey, zip: Buffer): Promise<void> {
    if (sha256(zip) !== key.hash) throw new SkillRefused('the package has another hash');
    const files = await readZip(zip);
    if (!files.some(({ path: name }) => name === SKILL_FILE))
      throw new SkillRefused(`there is no ${SKILL_FILE}`);
    const unfinished = path.join(this.#folder, `${key.hash}.unfinished`);
    await removeTree(unfinished);
    await writeFiles(path.join(unfinished, key.name), files);
    await rename(unfinished, path.join(this.#folder, key.hash));
    this.#files.set(key.hash, new Map(files.map((file) => [file.path, sha256(file.content)])));
  }

  /** The path of a file that is not as it was unpacked, or undefined when all are. */
  async changedFile(key: SkillKey): Promise<string | undefined> {
    for (const [name, digest] of this.#files.get(key.hash) ?? []) {
      const content = await readFile(path.join(this.folderOf(key), name)).catch(() => undefined);
      if (content === undefined || sha256(content) !== digest) return name;
    }
    return undefined;
  }
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Folders lose their right to be written to last, the deepest first. */
async function writeFiles(root: string, files: readonly PackageFile[]): Promise<void> {
  const folders = new Set([root]);
  for (const file of files) {
    const target = path.join(root, file.path);
    const folder = path.dirname(target);
    await mkdir(folder, { recursive: true });
    for (let one = folder; one !== root; one = path.dirname(one)) folders.add(one);
    await writeFile(target, file.content, { flag: 'wx' });
    await chmod(target, file.executable ? 0o555 : 0o444);
  }
  for (const folder of [...folders].sort((a, b) => b.length - a.length)) await chmod(folder, 0o555);
}
