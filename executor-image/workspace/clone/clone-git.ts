import { RunFailure } from '../../run-failure.ts';
import { cloneEnvironment, runGit } from '#git-program/git';
import type { GitOutput } from '#git-program/git';

/** A clone, and how git is run in it. */
export interface ClonePlace {
  /** The folder with .git in it. */
  folder: string;
  environment: Record<string, string>;
  /** Folder for git's own files. */
  home: string;
  signal: AbortSignal;
}

export interface CallOptions {
  /** Whether the caller looks at the code itself. */
  mayFail?: boolean;
}

/** Runs git in a clone, without any credential. Throws RunFailure CloneFailed with git's last words. */
export async function cloneGit(
  place: ClonePlace,
  args: readonly string[],
  { mayFail = false }: CallOptions = {},
): Promise<GitOutput> {
  const { folder, signal, environment, home } = place;
  const output = await runGit(args, {
    folder,
    signal,
    env: cloneEnvironment(environment, { home, folder }),
  });
  if (output.code === 0 || mayFail) return output;
  const why = output.stderr.trim().split('\n').at(-1) ?? '';
  throw new RunFailure('CloneFailed', `git ${args[0]} in the clone failed: ${why}`);
}

/** Where HEAD stands; a branch can be there without a commit. */
export interface Head {
  /** Undefined for a detached HEAD. */
  branch?: string;
  /** Undefined for a branch without a commit. */
  commit?: string;
}

export async function headOf(place: ClonePlace): Promise<Head> {
  const [branch, commit] = await Promise.all([
    cloneGit(place, ['symbolic-ref', '--quiet', '--short', 'HEAD'], { mayFail: true }),
    cloneGit(place, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], { mayFail: true }),
  ]);
  return {
    ...(branch.code === 0 ? { branch: branch.stdout.trim() } : {}),
    ...(commit.code === 0 ? { commit: commit.stdout.trim() } : {}),
  };
}
