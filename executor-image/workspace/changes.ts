import { copyFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { RUN_LIMITS } from '#executor-manager/protocol/run';
import type { RunResult } from '#executor-manager/protocol/run';
import { cloneEnvironment, runGit } from './git.ts';

export interface ChangesOptions {
  folder: string;
  baseCommit: string;
  /** Folder for a temporary index. */
  home: string;
  environment: Record<string, string>;
  signal: AbortSignal;
}

export interface Changes {
  workspace: NonNullable<RunResult['workspace']>;
  /** Everything since the base commit, with what is not committed and files that are new. */
  diff: string;
  truncated: boolean;
  /** Files that are changed or new and not in a commit. */
  uncommittedFiles: number;
}

/** What a run did to its repository. Throws an Error when git cannot tell, as in a repository the agent broke. */
export async function readChanges(options: ChangesOptions): Promise<Changes> {
  const { folder, baseCommit, home, environment, signal } = options;
  const index = path.join(home, 'changes.index');
  const env = cloneEnvironment(environment, { home, folder });
  const git = async (args: string[], more: { mostBytes?: number; env?: Record<string, string> } = {}) => {
    const output = await runGit(args, { folder, signal, env, ...more });
    // 1: some files could not be added, such as a folder with a repository of its own that has no commit.
    if (output.code === 0 || (args[0] === 'add' && output.code === 1)) return output;
    throw new Error(
      `git ${args[0]}: ${/^(?:fatal|error): .*$/m.exec(output.stderr)?.[0] ?? 'no reason given'}`,
    );
  };
  try {
    // An index of our own: the agent's, with what it staged, stays as it is.
    await copyFile(path.join(folder, '.git', 'index'), index).catch(ignoreAbsent);
    const own = { env: { ...env, GIT_INDEX_FILE: index } };
    // The names of new files only: with their contents a full workspace would be written once more.
    await git(['add', '--intent-to-add', '--all', '--ignore-errors'], own);
    const plain = ['diff', '--no-color', '--no-ext-diff', '--no-textconv'];
    const [diff, changed, uncommitted, head, branch, commits] = await Promise.all([
      git([...plain, baseCommit], { ...own, mostBytes: RUN_LIMITS.diffBytes }),
      git([...plain, '--name-only', '-z', baseCommit], own),
      git([...plain, '--name-only', '-z', 'HEAD'], own),
      git(['rev-parse', 'HEAD']),
      git(['rev-parse', '--abbrev-ref', 'HEAD']),
      git(['rev-list', '--count', `${baseCommit}..HEAD`]),
    ]);
    return {
      workspace: {
        branch: branch.stdout.trim(),
        baseCommit,
        headCommit: head.stdout.trim(),
        filesChanged: countNames(changed.stdout),
        commits: Number(commits.stdout.trim()),
      },
      diff: diff.stdout,
      truncated: diff.truncated,
      uncommittedFiles: countNames(uncommitted.stdout),
    };
  } finally {
    await rm(index, { force: true });
  }
}

/** Without an index everything counts as new, which is what it then is to git. */
function ignoreAbsent(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

const countNames = (list: string): number => list.split('\0').filter((name) => name !== '').length;
