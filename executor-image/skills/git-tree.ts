import { InvalidPackage } from '#skill-packages/invalid-package';
import type { PackageFile } from '#skill-packages/package-file';
import { PACKAGE_LIMITS } from '#skill-packages/package-limits';
import { checkPath, PackageNames, shownName } from '#skill-packages/path-rules';

/** A file of a commit that is not read yet. */
export interface TreeEntry {
  path: string;
  /** Id of its blob. */
  id: string;
  executable: boolean;
  bytes: number;
}

/** `git ls-tree -r -z --long`: mode, type, id, size and name (git-ls-tree(1), OUTPUT FORMAT). */
const ENTRY = /^([0-7]{6}) (\w+) ([0-9a-f]{40,64}) +(\d+|-)\t(.*)$/s;

const MODES: ReadonlyMap<string, string> = new Map([
  ['120000', 'a symbolic link'],
  ['160000', 'a submodule'],
]);

/**
 * The files that git lists, judged by their names, modes and sizes before the first one is read: nothing is checked out,
 * so that no link is followed, no filter runs, and a tree that holds itself many times over costs nothing.
 * @throws InvalidPackage that names the file and the reason
 */
export function readTree(listing: string): TreeEntry[] {
  const names = new PackageNames();
  const found: TreeEntry[] = [];
  let total = 0;
  for (const line of listing.split('\0')) {
    if (line === '') continue;
    const entry = readEntry(line);
    checkPath(entry.path);
    names.addFile(entry.path);
    total += entry.bytes;
    if (total > PACKAGE_LIMITS.totalBytes) {
      throw new InvalidPackage(
        `the files have more than ${PACKAGE_LIMITS.totalBytes} bytes (${shownName(entry.path)})`,
      );
    }
    found.push(entry);
    if (found.length > PACKAGE_LIMITS.files) throw tooMany();
  }
  return found;
}

export const tooMany = (): InvalidPackage =>
  new InvalidPackage(`the folder has more than ${PACKAGE_LIMITS.files} files`);

function readEntry(line: string): TreeEntry {
  const [, mode = '', type, id = '', size = '', path = ''] = ENTRY.exec(line) ?? [];
  if (type !== 'blob' || !mode.startsWith('100')) {
    const kind = MODES.get(mode) ?? 'no ordinary file';
    throw new InvalidPackage(`${shownName(path)} is ${kind}; only files are allowed`);
  }
  return { path, id, executable: mode === '100755', bytes: Number(size) };
}

/** The beginning of the file that a repository has in place of a large one (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md). */
const LFS_POINTER = 'version https://git-lfs.github.com/spec/v1\n';

/**
 * The contents that `git cat-file --batch` prints, in the order of the entries.
 * @throws InvalidPackage for a file whose content is elsewhere; Error for an output of another form
 */
export function readContents(output: Buffer, entries: readonly TreeEntry[]): PackageFile[] {
  let at = 0;
  return entries.map(({ path, id, executable, bytes }) => {
    const head = `${id} blob ${bytes}\n`;
    const begin = at + head.length;
    at = begin + bytes + 1;
    if (output.toString('latin1', begin - head.length, begin) !== head || at > output.length) {
      throw new Error(`git gave no content for ${shownName(path)}`);
    }
    const content = output.subarray(begin, begin + bytes);
    if (content.toString('latin1', 0, LFS_POINTER.length) === LFS_POINTER) {
      throw new InvalidPackage(`${shownName(path)} is kept by Git LFS, which skills cannot use`);
    }
    return { path, content, executable };
  });
}
