import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { RunRepository } from '#executor-manager/protocol/run';
import type { Clock } from '../clock.ts';
import { RunFailure } from '../run-failure.ts';
import { cloneGit, headOf } from './clone/clone-git.ts';
import type { ClonePlace, Head } from './clone/clone-git.ts';
import { readCloneRecord, writeCloneRecord } from './clone/clone-record.ts';
import { cloneRepository } from './clone/clone.ts';
import { repositoryURL } from './clone/repository-url.ts';
import { subFolder } from './clone/sub-folder.ts';
import { freeBranchName } from './clone/work-branch.ts';

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
  /** Where the agent works: the folder, or the one in it that the Workspace names. */
  workFolder: string;
  /** HEAD before the agent began; absent while there is no commit. */
  baseCommit?: string;
}

/**
 * The repository in WORKSPACE/repo. A clone stands on the work branch; work of a run before is gone on with where that
 * run left it. Throws RunFailure CloneFailed, or the signal's reason.
 */
export async function prepareRepository(options: RepositoryOptions): Promise<PreparedRepository> {
  const { repository, home, environment, signal } = options;
  const folder = path.join(options.workspace, 'repo');
  const address = repositoryURL(repository);
  const at: ClonePlace = { folder, home, environment, signal };
  await checkBranchName(repository.workBranch);
  const found = existsSync(path.join(folder, '.git'));
  if (found) await goOn(at, repository.workBranch);
  else await cloneRepository({ ...options, address, folder });
  const head = await headOf(at);
  if (found) options.onStatus(`Going on with the clone of ${address.url}, ${await whereItStands(at, head)}`);
  return {
    folder,
    workFolder: await subFolder(folder, repository.subPath),
    ...(head.commit === undefined ? {} : { baseCommit: head.commit }),
  };

  async function checkBranchName(name: string): Promise<void> {
    const valid = await cloneGit({ ...at, folder: home }, ['check-ref-format', '--branch', name], {
      mayFail: true,
    });
    if (valid.code !== 0) throw new RunFailure('CloneFailed', `"${name}" is not a name for a branch`);
  }
}

async function goOn(at: ClonePlace, workBranch: string): Promise<void> {
  // A run that was killed in the middle of a commit leaves its lock; nobody else works here.
  await rm(path.join(at.folder, '.git', 'index.lock'), { force: true });
  await ensureWorkBranch(at, workBranch);
}

/**
 * Makes the work branch where the repository stands, with all that is not committed. Where there is one already, the run
 * before has worked on it: if it left for another branch or commit, that is where its work is.
 */
async function ensureWorkBranch(at: ClonePlace, wanted: string): Promise<void> {
  const record = await readCloneRecord(at.folder);
  const known = record.branches[wanted] ?? wanted;
  const { branch } = await headOf(at);
  if (branch === known || (await branches(at)).includes(known)) return;
  const name = freeBranchName(wanted, [...record.taken, ...(await branches(at))]);
  await cloneGit(at, ['checkout', '--quiet', '-b', name]);
  await writeCloneRecord(at.folder, { ...record, branches: { ...record.branches, [wanted]: name } });
}

async function branches(at: ClonePlace): Promise<string[]> {
  const { stdout } = await cloneGit(at, ['for-each-ref', '--format=%(refname:lstrip=2)', 'refs/heads/']);
  return stdout.split('\n').filter((name) => name !== '');
}

/** `on branch X` or `at commit Y`. */
async function whereItStands(at: ClonePlace, { branch }: Head): Promise<string> {
  if (branch !== undefined) return `on branch ${branch}`;
  return `at commit ${(await cloneGit(at, ['rev-parse', '--short', 'HEAD'])).stdout.trim()}`;
}
