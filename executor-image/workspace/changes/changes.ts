import { existsSync } from 'node:fs';
import path from 'node:path';
import type { RunResult } from '#executor-manager/protocol/run';
import { cloneGit, headOf } from '../clone/clone-git.ts';
import type { ClonePlace } from '../clone/clone-git.ts';
import { readCloneRecord } from '../clone/clone-record.ts';
import { neutralEnvironment } from './neutral-git.ts';
import type { FilePatch } from './patch.ts';
import { openWorkTree } from './work-tree.ts';
import type { WorkTree } from './work-tree.ts';

export interface ChangesOptions extends ClonePlace {
  /** HEAD before the run; absent where there was no commit. */
  baseCommit?: string;
  /** About how many bytes of patches are read. */
  mostBytes: number;
}

export interface Changes {
  workspace: NonNullable<RunResult['workspace']>;
  /** Everything since the base commit, with what is not committed and files that are new; one for each file. */
  patches: FilePatch[];
  /** The files that have changed and are not in `patches`, because all of it is too large. */
  leftOut: string[];
  /** Files that are changed or new and not in a commit. */
  uncommittedFiles: number;
  /** Repositories that were made inside the repository: their files are shown as new ones. */
  repositories: string[];
}

/** The changes of a run to its repository. Throws an Error when git cannot tell, as in a repository the agent broke. */
export async function readChanges(options: ChangesOptions): Promise<Changes> {
  const { folder, home, signal, mostBytes, baseCommit } = options;
  const record = await readCloneRecord(folder);
  // As few as can be one after the other: the next step of the Task waits for them.
  const [env, head, nothing] = await Promise.all([
    neutralEnvironment(options, { lfs: record.lfs === true }),
    headOf(options),
    emptyTree(options),
  ]);
  const index = path.join(folder, '.git', 'index');
  await using tree = await openWorkTree({ folder, index, home, env, signal });
  const base = baseCommit ?? nothing;
  const [patches, changed, uncommitted, commits, total] = await Promise.all([
    tree.patches(base, mostBytes),
    tree.changedNames(base),
    tree.changedNames(head.commit ?? nothing),
    countCommits(tree, baseCommit, head.commit),
    sinceTaskBegan(tree, { from: record.baseCommit, run: baseCommit, head: head.commit }),
  ]);
  const made = [...patches.filter(isMadeRepository(folder)).map(({ name }) => name), ...tree.unborn];
  const inside = await readInside(options, { names: made, env, nothing });
  const shown = [
    ...patches.filter(({ name }) => !made.includes(name)),
    ...inside.flatMap((one) => one.patches),
  ];
  const names = [...changed.filter((name) => !made.includes(name)), ...inside.flatMap((one) => one.names)];
  const shownNames = new Set(shown.map(({ name }) => name));
  return {
    workspace: {
      branch: head.branch ?? 'HEAD',
      ...(baseCommit === undefined ? {} : { baseCommit }),
      ...(head.commit === undefined ? {} : { headCommit: head.commit }),
      filesChanged: names.length,
      commits,
      ...total,
    },
    patches: shown,
    leftOut: names.filter((name) => !shownNames.has(name)),
    uncommittedFiles:
      uncommitted.filter((name) => !made.includes(name)).length + inside.flatMap((one) => one.names).length,
    repositories: made,
  };
}

/** The id of a tree without files, by which all files are new. */
async function emptyTree(place: ClonePlace): Promise<string> {
  return (await cloneGit(place, ['hash-object', '-t', 'tree', '--stdin'])).stdout.trim();
}

/** A submodule is a repository that .gitmodules knows; what else is one was made by `git init` or `git clone`. */
function isMadeRepository(folder: string) {
  return ({ isRepository, isNew, name }: FilePatch): boolean =>
    isRepository &&
    isNew &&
    existsSync(path.join(folder, name, '.git')) &&
    !existsSync(path.join(folder, '.gitmodules'));
}

interface Inside {
  names: string[];
  patches: FilePatch[];
}

/** The files of repositories inside the repository, as if they were plain folders: git itself shows only their commit. */
async function readInside(
  options: ChangesOptions,
  { names, env, nothing }: { names: string[]; env: Record<string, string>; nothing: string },
): Promise<Inside[]> {
  const all: Inside[] = [];
  for (const name of names) {
    const folder = path.join(options.folder, name);
    // A name that git has to quote is no path.
    if (!existsSync(folder)) continue;
    const own = { ...env, GIT_WORK_TREE: folder };
    const prefix = `${name}/`;
    await using tree = await openWorkTree({ ...options, folder, env: own, prefix });
    const [patches, changed] = await Promise.all([
      tree.patches(nothing, options.mostBytes),
      tree.changedNames(nothing),
    ]);
    all.push({ patches, names: changed.map((inner) => prefix + inner) });
  }
  return all;
}

async function countCommits(
  tree: WorkTree,
  from: string | undefined,
  to: string | undefined,
): Promise<number> {
  if (to === undefined) return 0;
  const range = from === undefined ? to : `${from}..${to}`;
  return Number((await tree.git(['rev-list', '--count', range])).stdout.trim());
}

/** The figures of the whole Task, where runs before have worked on the clone; none where its base is not there now. */
async function sinceTaskBegan(
  tree: WorkTree,
  { from, run, head }: Record<'from' | 'run' | 'head', string | undefined>,
): Promise<Pick<NonNullable<RunResult['workspace']>, 'total'>> {
  if (from === undefined || from === run) return {};
  try {
    const [names, commits] = await Promise.all([tree.changedNames(from), countCommits(tree, from, head)]);
    return { total: { baseCommit: from, filesChanged: names.length, commits } };
  } catch {
    return {}; // the agent can remove commits, and change the record of where it began
  }
}
