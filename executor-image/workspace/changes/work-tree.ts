import { copyFile, lstat, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { runGit } from '#git-program/git';
import type { GitOutput } from '#git-program/git';
import { splitPatch } from './patch.ts';
import type { FilePatch } from './patch.ts';
import { readableName } from './quoted-name.ts';

/** How git looks at a folder: against the history of a clone, with an index of our own. */
export interface WorkTree extends AsyncDisposable {
  /** Repositories in it that have no commit, as readable names. */
  readonly unborn: readonly string[];
  /** Throws an Error with git's reason. */
  git(args: readonly string[], mostBytes?: number): Promise<GitOutput>;
  /** The patches since a commit or tree, as far as they have so many bytes; large files are the first to be left out. */
  patches(since: string, mostBytes: number): Promise<FilePatch[]>;
  /** Readable names of the files that differ from a commit or tree; a renamed file is one. */
  changedNames(since: string): Promise<string[]>;
}

export interface WorkTreeOptions {
  /** The folder to look at. */
  folder: string;
  /** The agent's index, with what it has staged; left as it is. Absent: all files are new. */
  index?: string;
  /** Folder for files of our own. */
  home: string;
  env: Record<string, string>;
  signal: AbortSignal;
  /** Put in front of all names in patches. */
  prefix?: string;
}

/** File lists have about a hundred bytes for each name. */
const MOST_LIST_BYTES = 64 * 1024 * 1024;

/**
 * Whatever the configuration in the clone says, patches have one form: full, with binary files, without colours and
 * programs. Submodules are looked at by their commits only: to see more, git would run in them.
 */
const DIFF = [
  ...['-c', 'core.quotePath=true', '-c', 'diff.orderFile=/dev/null', '-c', 'diff.relative=false', 'diff'],
  ...['--no-color', '--no-ext-diff', '--no-textconv', '--submodule=short', '--ignore-submodules=dirty'],
  '--find-renames',
];
const PATCH = ['--binary', '--unified=3', '--inter-hunk-context=0'];

/** Throws an Error when git cannot tell, as in a repository the agent broke. */
export async function openWorkTree(options: WorkTreeOptions): Promise<WorkTree> {
  const { folder, signal, home, prefix = '' } = options;
  const own = path.join(home, `changes-${process.hrtime.bigint()}`);
  const env = { ...options.env, GIT_INDEX_FILE: `${own}.index` };
  const git = async (args: readonly string[], mostBytes = MOST_LIST_BYTES): Promise<GitOutput> => {
    const output = await runGit(args, { folder, signal, env, mostBytes });
    // 1: some files could not be added, such as a folder with a repository of its own that has no commit.
    if (output.code === 0 || (args[0] === 'add' && output.code === 1)) return output;
    const command = args.find((arg) => /^[a-z]+(?:-[a-z]+)*$/.test(arg)) ?? '';
    throw new Error(
      `git ${command}: ${/^(?:fatal|error): .*$/m.exec(output.stderr)?.[0] ?? 'no reason given'}`,
    );
  };
  const tree = {
    git,
    async patches(since: string, mostBytes: number) {
      const read = async (before: string[] = [], after: string[] = []): Promise<Read> => {
        const args = [...before, ...DIFF, ...PATCH, ...prefixes(prefix), since, '--', '.', ...after];
        const { bytes, truncated } = await git(args, mostBytes);
        const patches = splitPatch(bytes);
        // The last patch of an output that was cut is cut itself.
        return { patches: truncated ? patches.slice(0, -1) : patches, truncated };
      };
      let found = await read();
      const without = found.truncated ? await largeFiles(folder, await this.changedNames(since)) : [];
      if (without.length > 0) found = await read([], without);
      if (found.patches.every(({ whole }) => whole)) return found.patches;
      await writeFile(`${own}.attributes`, binaryAttributes(found.patches, prefix));
      return (await read(['-c', `core.attributesFile=${own}.attributes`], without)).patches;
    },
    async changedNames(since: string) {
      return namesIn((await git([...DIFF, '--name-only', '-z', since])).bytes);
    },
    async [Symbol.asyncDispose]() {
      for (const kind of ['index', 'attributes']) await rm(`${own}.${kind}`, { force: true });
    },
  };
  if (options.index !== undefined) await copyIndex(options.index, `${own}.index`).catch(ignoreAbsent);
  try {
    // The names of new files only: with their contents a full workspace would be written once more.
    const { stderr } = await git(['add', '--intent-to-add', '--all', '--ignore-errors']);
    return { ...tree, unborn: withoutCommit(stderr) };
  } catch (error) {
    await tree[Symbol.asyncDispose]();
    throw error;
  }
}

interface Read {
  patches: FilePatch[];
  truncated: boolean;
}

const LARGE_BYTES = 1024 * 1024;
const MOST_LARGE = 500;

/** Pathspecs that leave out large files, behind which small ones would not be seen. */
async function largeFiles(folder: string, names: readonly string[]): Promise<string[]> {
  const large: string[] = [];
  for (const name of names) {
    const size = await lstat(path.join(folder, name)).then(
      (file) => file.size,
      () => 0, // removed, or a name that is no text
    );
    if (size > LARGE_BYTES && large.length < MOST_LARGE) large.push(`:(exclude,literal)${name}`);
  }
  return large;
}

const prefixes = (prefix: string): string[] => [`--src-prefix=a/${prefix}`, `--dst-prefix=b/${prefix}`];

/** Files in an encoding of their own are shown as binary ones, as JSON carries UTF-8 only. */
function binaryAttributes(patches: readonly FilePatch[], prefix: string): string {
  const names = patches.filter(({ whole }) => !whole).map(({ name }) => name);
  return names
    .map((name) => `${pattern(name.startsWith('"') ? name.slice(1, -1) : name, prefix)} -diff\n`)
    .join('');
}

/** A pattern for one name that is escaped for quotes already; in a pattern, a backslash escapes too (gitattributes(5)). */
function pattern(escapedName: string, prefix: string): string {
  const name = escapedName.slice(prefix.length);
  return `"/${name.replaceAll(/\\\\|[*?[]/g, (special) => String.raw`\\` + special)}"`;
}

function withoutCommit(stderr: string): string[] {
  return [...stderr.matchAll(/^error: '(.+)\/' does not have a commit checked out$/gm)].map(
    ([, name]) => name ?? '',
  );
}

export function namesIn(list: Buffer): string[] {
  const names: string[] = [];
  for (let start = 0; start < list.length;) {
    const end = list.indexOf(0, start);
    names.push(readableName(list.subarray(start, end === -1 ? undefined : end)));
    start = end === -1 ? list.length : end + 1;
  }
  return names;
}

/**
 * With its time, or an earlier one: git looks into files that have changed since the second of the index, as size and time
 * do not tell then (racy git).
 */
async function copyIndex(from: string, to: string): Promise<void> {
  const { atime, mtimeMs } = await stat(from);
  await copyFile(from, to);
  await utimes(to, atime, Math.floor(mtimeMs / 1000));
}

/** Without an index everything counts as new, which is what it then is to git. */
function ignoreAbsent(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
