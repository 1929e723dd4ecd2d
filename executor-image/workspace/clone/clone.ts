import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { RunRepository } from '#executor-manager/protocol/run';
import { RunFailure, describeError } from '../../run-failure.ts';
import { writeCloneRecord } from './clone-record.ts';
import { local, refused } from './cloning.ts';
import type { GitOutput } from '#git-program/git';
import type { CloneOptions, Cloning } from './cloning.ts';
import { fetchStart, initialize, initializeFor, localName, remoteRefs } from './fetch-start.ts';
import { openAccess } from '#git-program/git-access';
import { fetchLargeFiles } from './large-files.ts';
import { branchesOf, startPoint } from './remote-refs.ts';
import type { StartPoint } from './remote-refs.ts';
import { fetchSubmodules } from './submodules.ts';
import { freeBranchName, relatedBranches } from './work-branch.ts';

/** Makes the clone, standing on its work branch. Throws RunFailure CloneFailed, or the signal's reason. */
export async function cloneRepository(options: CloneOptions): Promise<void> {
  const { repository, address, folder, home, signal, clock } = options;
  options.onStatus(`Cloning ${address.url}, ${startText(repository)}`);
  const workspace = path.dirname(folder);
  await removeHalfClones(workspace);
  // Renamed when whole: whatever ends the runner in between, the folder is never half a clone.
  const half = `${folder}.cloning`;
  const time = new AbortController();
  const cancel = clock.after(repository.timeoutSeconds * 1000, () => time.abort(new CloneTimeout()));
  try {
    await using access = await openAccess({ address, repository, folder: home });
    const cloning = { ...options, access, half, signal: AbortSignal.any([signal, time.signal]) };
    await fill(cloning);
    await place(cloning);
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

class CloneTimeout extends Error {}

const startText = ({ branch, ref }: RunRepository): string => ref ?? `branch ${branch}`;

/**
 * Asks the remote for its branches and tags first: this is where a credential that is refused shows, before anything is
 * fetched, and only the remote knows whether a name is a branch or a tag, and which names are taken.
 */
async function fill(cloning: Cloning): Promise<void> {
  const { repository, address, half } = cloning;
  await mkdir(path.dirname(cloning.folder), { recursive: true });
  // Calls that do not need each other run side by side: an agent waits for all of it.
  const [refs] = await together([remoteRefs(cloning), initialize(cloning)]);
  const start = startPoint(refs, { url: address.url, branch: repository.branch, ref: repository.ref });
  await initializeFor(cloning, refs, start);
  await together([fetchStart(cloning, start), addRemote(cloning, start)]);
  const { workBranch } = repository;
  const taken = relatedBranches(workBranch, branchesOf(refs));
  const branch = freeBranchName(workBranch, taken);
  const baseCommit = await checkOut(cloning, { start, branch });
  await writeCloneRecord(half, {
    ...(baseCommit === undefined ? {} : { baseCommit }),
    taken,
    branches: { [workBranch]: branch },
    ...(repository.lfs === true ? { lfs: true } : {}),
  });
}

/** All to their end, and then the first failure: nobody writes into a clone that is being removed. */
async function together<T, U>(work: readonly [Promise<T>, Promise<U>]): Promise<[T, U]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

/** @returns the commit that the work begins with; undefined in an empty repository. */
async function checkOut(
  cloning: Cloning,
  { start, branch }: { start: StartPoint; branch: string },
): Promise<string | undefined> {
  if (start.kind === 'unborn') {
    await local(cloning, ['symbolic-ref', 'HEAD', `refs/heads/${branch}`]);
    return undefined;
  }
  const commit = `${localName(start)}^{commit}`;
  const found = await local(cloning, ['checkout', '--quiet', '--no-track', '-b', branch, commit], true);
  if (found.code !== 0) throw notCheckedOut(cloning, start, found);
  const [head] = await together([
    local(cloning, ['rev-parse', '--verify', 'HEAD']),
    addBranch(cloning, start),
  ]);
  // One after the other: both write to the configuration of the clone.
  await fetchSubmodules(cloning);
  await fetchLargeFiles(cloning);
  return head.stdout.trim();
}

function notCheckedOut(cloning: Cloning, start: StartPoint, output: GitOutput): RunFailure {
  if (!/not a commit|unable to resolve|cannot be resolved|could not be/i.test(output.stderr)) {
    return refused(cloning, output);
  }
  return new RunFailure('CloneFailed', `"${start.name}" of ${cloning.address.url} is not a commit`);
}

async function addRemote(cloning: Cloning, start: StartPoint): Promise<void> {
  const branch = start.kind === 'branch' ? start.name : cloning.repository.branch;
  await local(cloning, ['remote', 'add', '-t', branch, 'origin', cloning.address.url]);
}

/** The branch itself beside the work branch, as `git clone` makes it: people and agents compare with it. */
async function addBranch(cloning: Cloning, start: StartPoint): Promise<void> {
  if (start.kind !== 'branch') return;
  await local(cloning, ['branch', '--quiet', '--track', start.name, `origin/${start.name}`]);
}

/** Files of a run before that has removed its repository stay: they are changes of the new one. */
async function place({ half, folder, onStatus }: Cloning): Promise<void> {
  if (!existsSync(folder)) return rename(half, folder);
  onStatus('The run before has removed its repository; its files are kept as changes in a fresh clone');
  await rename(path.join(half, '.git'), path.join(folder, '.git'));
  await rm(half, { recursive: true, force: true });
}

async function removeHalfClones(workspace: string): Promise<void> {
  const names = await readdir(workspace).catch(() => []); // made by the clone when it is not there yet
  for (const name of names) {
    if (name.endsWith('.cloning')) await rm(path.join(workspace, name), { recursive: true, force: true });
  }
}
