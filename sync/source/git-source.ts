import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { isCommitID } from '#api/types/git-address';
import { gitEnvironment, runGit } from '#git-program/git';
import type { GitOutput } from '#git-program/git';
import { openAccess } from '#git-program/git-access';
import type { GitAccess } from '#git-program/git-access';
import { gitFailure } from '#git-program/git-failure';
import { SyncFailure } from '../sync-failure.ts';
import { findRevision, refsToAsk, revisionText } from './remote-revision.ts';
import type { RemoteRevision } from './remote-revision.ts';
import type { FetchedSource, SourceContext, WantedSource } from './source.ts';

/** How long git may take for one call, in milliseconds. */
const GIT_LIMIT_MS = 120_000;
/** Output of `git ls-remote` for a few names. */
const MOST_BYTES = 1024 * 1024;

/** Git in one folder, with the access to one remote. */
interface Remote {
  wanted: WantedSource;
  access: GitAccess;
  context: SourceContext;
  /** Options of git that hold the connection to addresses that were judged. */
  connection: readonly string[];
}

/**
 * The newest commit of a repository, in a work tree of its own below `context.folder`; the one that is there already when
 * `known` is of the same commit. Fetches that commit alone: no history, no tags, no submodules, no files of Git LFS.
 * Symbolic links become small files with the name of their target, so nothing outside is reached by one.
 * @throws SyncFailure FetchFailed; the signal's reason
 */
export async function fetchGit(
  wanted: WantedSource,
  context: SourceContext,
  { known, connection }: { known: FetchedSource | undefined; connection: readonly string[] },
): Promise<FetchedSource> {
  const { url, credential, identity } = wanted;
  const address = { url, ...(credential === undefined ? {} : { credential }) };
  await using access = await openAccess({ address, repository: identity, folder: context.folder });
  const remote = { wanted, access, context, connection };
  const found = await newest(remote);
  const revision = revisionText(found);
  if (known?.revision === revision) return known;
  const folder = path.join(context.folder, found.commit);
  await rm(folder, { recursive: true, force: true });
  try {
    await checkOut(remote, found, folder);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  if (known !== undefined) await rm(known.folder, { recursive: true, force: true });
  return { folder, revision };
}

async function newest(remote: Remote): Promise<RemoteRevision> {
  const { ref, url } = remote.wanted;
  if (ref !== undefined && isCommitID(ref)) return { ref, commit: ref, name: '' };
  const asked = ['ls-remote', '--quiet', '--symref', '--', url, ...refsToAsk(ref)];
  const { stdout } = await git(remote, asked, remote.context.folder);
  const found = findRevision(stdout, ref);
  if (found !== undefined) return found;
  const missing = ref === undefined ? 'has no commit yet' : `has no branch or tag "${ref}"`;
  throw new SyncFailure('FetchFailed', `${url} ${missing}`);
}

async function checkOut(remote: Remote, { ref, commit }: RemoteRevision, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const format = commit.length > 40 ? ['--object-format=sha256'] : [];
  await git(remote, ['init', '--quiet', '--template=', ...format], folder);
  const what = ref === 'HEAD' || ref.startsWith('refs/') ? ref : commit;
  const fetch = ['fetch', '--quiet', '--depth=1', '--no-tags', '--no-recurse-submodules'];
  await git(remote, [...fetch, '--', remote.wanted.url, what], folder);
  // It may have moved since it was asked for: then the next round is about the newer one.
  const safe = ['-c', 'core.symlinks=false', '-c', 'core.autocrlf=false', '-c', 'submodule.recurse=false'];
  await git(remote, [...safe, 'checkout', '--quiet', '--detach', commit], folder);
}

async function git(remote: Remote, args: readonly string[], folder: string): Promise<GitOutput> {
  const { access, connection, context, wanted } = remote;
  const limit = AbortSignal.timeout(GIT_LIMIT_MS);
  const output = await runGit([...access.args, ...connection, ...args], {
    folder,
    env: { ...gitEnvironment(context.environment, context.folder), ...access.env },
    signal: AbortSignal.any([context.signal, limit]),
    mostBytes: MOST_BYTES,
  }).catch((error: unknown) => {
    throw notRun(error, { remote, limit });
  });
  if (output.code === 0) return output;
  const facts = { url: wanted.url, branch: wanted.ref ?? 'HEAD', credential: access.credential };
  throw new SyncFailure('FetchFailed', gitFailure(access.clean(output.stderr), facts));
}

function notRun(error: unknown, { remote, limit }: { remote: Remote; limit: AbortSignal }): unknown {
  if (remote.context.signal.aborted) return error;
  if (limit.aborted) {
    const message = `${remote.wanted.url} took longer than ${GIT_LIMIT_MS / 1000} s`;
    return new SyncFailure('FetchFailed', message, { cause: error });
  }
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return error;
  return new SyncFailure('FetchFailed', 'the program git is not installed', { cause: error });
}
