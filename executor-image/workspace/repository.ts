import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { RunRepository } from '#executor-manager/protocol/run';
import type { Clock } from '../clock.ts';
import { RunFailure, describeError } from '../run-failure.ts';
import { cloneFailure } from './clone-error.ts';
import { cloneEnvironment, gitEnvironment, runGit } from './git.ts';
import type { GitOptions, GitOutput } from './git.ts';
import { repositoryURL } from './repository-url.ts';
import type { RepositoryURL } from './repository-url.ts';

export interface RepositoryOptions {
  repository: RunRepository;
  /** Folder of the runtime's workspace. */
  workspace: string;
  /** Folder for git's own files. */
  home: string;
  environment: Record<string, string>;
  signal: AbortSignal;
  clock: Clock;
  onStatus: (message: string) => void;
}

export interface PreparedRepository {
  folder: string;
  /** HEAD before the agent began. */
  baseCommit: string;
}

/**
 * The repository in WORKSPACE/repo. A clone stands on the work branch; work of a run before is gone on with where that
 * run left it. Throws RunFailure CloneFailed, or the signal's reason.
 */
export async function prepareRepository(options: RepositoryOptions): Promise<PreparedRepository> {
  const folder = path.join(options.workspace, 'repo');
  const address = repositoryURL(options.repository);
  const found = existsSync(path.join(folder, '.git'));
  if (!found) await clone(options, { folder, address });
  // A run that was killed in the middle of a commit leaves its lock; nobody else works here.
  await rm(path.join(folder, '.git', 'index.lock'), { force: true });
  await ensureWorkBranch(options, folder);
  if (found)
    options.onStatus(`Going on with the clone of ${address.url}, ${await whereItStands(options, folder)}`);
  const { stdout } = await git(['rev-parse', 'HEAD'], { ...options, folder });
  return { folder, baseCommit: stdout.trim() };
}

async function clone(
  options: RepositoryOptions,
  { folder, address }: { folder: string; address: RepositoryURL },
): Promise<void> {
  const { repository, workspace, home, environment, signal, clock } = options;
  options.onStatus(`Cloning ${address.url}, branch ${repository.branch}`);
  await removeHalfClones(workspace);
  // Renamed when whole: whatever ends the runner in between, WORKSPACE/repo is never half a clone.
  const half = `${folder}.cloning`;
  const time = new AbortController();
  const cancel = clock.after(repository.timeoutSeconds * 1000, () => time.abort(new CloneTimeout()));
  const credential = credentialOptions(address);
  const args = [
    ...credential.args,
    ...['clone', '--quiet', '--depth', '1', '--single-branch', '--no-tags', '--template='],
    ...['--branch', repository.branch, '--', address.url, half],
  ];
  try {
    await mkdir(workspace, { recursive: true });
    const output = await runGit(args, {
      folder: workspace,
      env: { ...gitEnvironment(environment, home), ...credential.env },
      signal: AbortSignal.any([signal, time.signal]),
    });
    if (output.code !== 0) {
      const stderr = withoutSecret(output.stderr, address.credential?.password);
      throw cloneFailure(stderr, {
        url: address.url,
        branch: repository.branch,
        hasCredential: address.credential !== undefined,
      });
    }
    await place(half, folder, options);
  } catch (error) {
    await rm(half, { recursive: true, force: true });
    if (error instanceof CloneTimeout) {
      const message = `cloning ${address.url} took longer than ${repository.timeoutSeconds} s`;
      throw new RunFailure('CloneFailed', message, error);
    }
    if (error instanceof RunFailure || signal.aborted) throw error;
    throw new RunFailure('CloneFailed', `cloning ${address.url} failed: ${describeError(error)}`, error);
  } finally {
    cancel();
  }
}

/** Files of a run before that has removed its repository stay: they are changes of the new one. */
async function place(half: string, folder: string, { onStatus }: RepositoryOptions): Promise<void> {
  if (!existsSync(folder)) return rename(half, folder);
  onStatus('The run before has removed its repository; its files are kept as changes in a fresh clone');
  await rename(path.join(half, '.git'), path.join(folder, '.git'));
  await rm(half, { recursive: true, force: true });
}

class CloneTimeout extends Error {}

async function removeHalfClones(workspace: string): Promise<void> {
  const names = await readdir(workspace).catch(() => []); // made by the clone when it is not there yet
  for (const name of names) {
    if (name.endsWith('.cloning')) await rm(path.join(workspace, name), { recursive: true, force: true });
  }
}

/**
 * The credential as a helper in git's configuration: a shell function that reads it from git's own
 * environment. Nothing is written to a file, and no program has to be run from the state folder, which may
 * be mounted noexec.
 */
function credentialOptions({ credential }: RepositoryURL): { args: string[]; env: Record<string, string> } {
  const none = ['-c', 'credential.helper='];
  if (credential === undefined) return { args: none, env: {} };
  const helper =
    '!f() { test "$1" = get || exit 0; printf "username=%s\\npassword=%s\\n" "$TROUPE_GIT_USERNAME" "$TROUPE_GIT_PASSWORD"; }; f';
  return {
    args: [...none, '-c', `credential.helper=${helper}`],
    env: { TROUPE_GIT_USERNAME: credential.username, TROUPE_GIT_PASSWORD: credential.password },
  };
}

function withoutSecret(text: string, secret: string | undefined): string {
  if (secret === undefined || secret === '') return text;
  return text.replaceAll(secret, '[redacted]').replaceAll(encodeURIComponent(secret), '[redacted]');
}

/**
 * Makes the work branch where the repository stands, with all that is not committed. Where there is one already, the run
 * before has worked on it: if it left for another branch or commit, that is where its work is.
 */
async function ensureWorkBranch(options: RepositoryOptions, folder: string): Promise<void> {
  const { workBranch } = options.repository;
  const at = { ...options, folder };
  const valid = await git(['check-ref-format', '--branch', workBranch], at, { mayFail: true });
  if (valid.code !== 0) throw new RunFailure('CloneFailed', `"${workBranch}" is not a name for a branch`);
  const ref = `refs/heads/${workBranch}`;
  const known = await git(['show-ref', '--verify', '--quiet', ref], at, { mayFail: true });
  if (known.code !== 0) await git(['checkout', '--quiet', '-b', workBranch], at);
}

/** `on branch X` or `at commit Y`. */
async function whereItStands(options: RepositoryOptions, folder: string): Promise<string> {
  const at = { ...options, folder };
  const branch = await git(['symbolic-ref', '--quiet', '--short', 'HEAD'], at, { mayFail: true });
  if (branch.code === 0) return `on branch ${branch.stdout.trim()}`;
  return `at commit ${(await git(['rev-parse', '--short', 'HEAD'], at)).stdout.trim()}`;
}

type GitPlace = Pick<RepositoryOptions, 'environment' | 'home' | 'signal'> & { folder: string };

async function git(
  args: readonly string[],
  { environment, home, signal, folder }: GitPlace,
  { mayFail = false }: { mayFail?: boolean } = {},
): Promise<GitOutput> {
  const options: GitOptions = { folder, env: cloneEnvironment(environment, { home, folder }), signal };
  const output = await runGit(args, options);
  if (output.code !== 0 && !mayFail) {
    const why = output.stderr.trim().split('\n').at(-1) ?? '';
    throw new RunFailure('CloneFailed', `git ${args[0]} in the clone failed: ${why}`);
  }
  return output;
}
