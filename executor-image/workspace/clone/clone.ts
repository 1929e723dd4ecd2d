import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { RunRepository } from '#executor-manager/protocol/run';
import { RunFailure, describeError } from '../../run-failure.ts';
import { writeCloneRecord } from './clone-record.ts';
import { local, refused, remote } from './cloning.ts';
import type { GitOutput } from '../git.ts';
import type { CloneOptions, Cloning } from './cloning.ts';
import { openAccess } from './git-access.ts';
import { fetchLargeFiles } from './large-files.ts';
import { branchesOf, parseRemoteRefs, startPoint } from './remote-refs.ts';
import type { RemoteRefs, StartPoint } from './remote-refs.ts';
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
  const [refs] = await together([remoteRefs(cloning), initialize(cloning, SHA1)]);
  const start = startPoint(refs, { url: address.url, branch: repository.branch, ref: repository.ref });
  if (idOf(refs, start).length === SHA256_LENGTH) await initialize(cloning, SHA256);
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

/** Names of branches and tags take some fifty bytes each. */
const MOST_REF_BYTES = 64 * 1024 * 1024;

async function remoteRefs(cloning: Cloning): Promise<RemoteRefs> {
  const args = ['ls-remote', '--quiet', '--heads', '--tags', '--', cloning.address.url];
  const output = await remote(cloning, args, {
    folder: path.dirname(cloning.folder),
    mostBytes: MOST_REF_BYTES,
  });
  if (output.code !== 0) throw refused(cloning, output);
  return parseRemoteRefs(output.stdout);
}

const SHA1: readonly string[] = [];
const SHA256: readonly string[] = ['--object-format=sha256'];
const SHA256_LENGTH = 64;

function idOf(refs: RemoteRefs, start: StartPoint): string {
  return start.kind === 'commit' ? start.name : ([...refs.values()][0] ?? '');
}

/** An empty repository, in place of one with ids of another length. */
async function initialize(cloning: Cloning, format: readonly string[]): Promise<void> {
  const { half, folder } = cloning;
  await rm(half, { recursive: true, force: true });
  const args = ['init', '--quiet', '--template=', ...format, '--', half];
  const made = await remote(cloning, args, { folder: path.dirname(folder) });
  if (made.code !== 0) throw refused(cloning, made);
}

async function addRemote(cloning: Cloning, start: StartPoint): Promise<void> {
  const branch = start.kind === 'branch' ? start.name : cloning.repository.branch;
  await local(cloning, ['remote', 'add', '-t', branch, 'origin', cloning.address.url]);
}

async function fetchStart(cloning: Cloning, start: StartPoint): Promise<void> {
  const { depth = 1, tags = false } = cloning.repository;
  if (start.kind === 'unborn') return;
  const options = [
    '--quiet',
    ...(depth === 0 ? [] : ['--depth', String(depth)]),
    tags ? '--tags' : '--no-tags',
  ];
  // By its address: the remote gets its name at the same time.
  const fetched = await remote(cloning, ['fetch', ...options, '--', cloning.address.url, refspec(start)]);
  if (fetched.code === 0) return;
  if (start.kind !== 'commit') throw refused(cloning, fetched);
  await fetchEverything(cloning, start.name);
}

function refspec(start: Exclude<StartPoint, { kind: 'unborn' }>): string {
  if (start.kind === 'commit') return start.name;
  return `+${start.ref}:${localName(start)}`;
}

function localName(start: Exclude<StartPoint, { kind: 'unborn' }>): string {
  switch (start.kind) {
    case 'branch':
      return `refs/remotes/origin/${start.name}`;
    case 'tag':
      return start.ref;
    case 'ref':
      return `refs/remotes/origin/${start.ref.slice('refs/'.length)}`;
    case 'commit':
      return start.name;
  }
}

/** For servers that give no commit by its id: it is in the history of some branch or tag. */
async function fetchEverything(cloning: Cloning, commit: string): Promise<void> {
  const all = ['fetch', '--quiet', '--tags', '--', cloning.address.url];
  const fetched = await remote(cloning, [...all, '+refs/heads/*:refs/remotes/origin/*']);
  if (fetched.code !== 0) throw refused(cloning, fetched);
  const found = await local(cloning, ['cat-file', '-e', `${commit}^{commit}`], true);
  if (found.code === 0) return;
  const message = `commit ${commit} does not exist in ${cloning.address.url}`;
  throw new RunFailure('CloneFailed', message);
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
