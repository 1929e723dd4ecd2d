import type { RepositoryAccess, RunRepository } from '#executor-manager/protocol/run';
import type { Clock } from '../../clock.ts';
import type { RunFailure } from '../../run-failure.ts';
import { gitEnvironment, runGit } from '#git-program/git';
import type { GitOutput } from '#git-program/git';
import { cloneFailure } from './clone-error.ts';
import type { GitAccess } from '#git-program/git-access';
import type { RepositoryURL } from './repository-url.ts';

export interface CloneOptions {
  repository: RunRepository;
  address: RepositoryURL;
  /** Where the clone is to be; what is there already without a repository stays, as changes. */
  folder: string;
  /** Folder for git's own files. */
  home: string;
  environment: Record<string, string>;
  signal: AbortSignal;
  clock: Clock;
  onStatus: (message: string) => void;
}

/** A repository that is being filled from a remote, with the access to it. */
export interface Fetching extends Pick<CloneOptions, 'address' | 'home' | 'environment' | 'signal'> {
  repository: RepositoryAccess & Partial<Pick<RunRepository, 'branch' | 'ref' | 'depth' | 'tags'>>;
  access: GitAccess;
  /** The repository while it is not whole. */
  half: string;
}

/** A clone that is being made. */
export interface Cloning extends CloneOptions, Pick<Fetching, 'access' | 'half'> {}

/** Runs git with the access to the remote. */
export function remote(
  fetching: Fetching,
  args: readonly string[],
  { folder = fetching.half, mostBytes, env }: { folder?: string; mostBytes?: number; env?: object } = {},
): Promise<GitOutput> {
  const { access, environment, home, signal } = fetching;
  return runGit([...access.args, ...args], {
    folder,
    signal,
    env: { ...gitEnvironment(environment, home), ...access.env, ...env },
    ...(mostBytes === undefined ? {} : { mostBytes }),
  });
}

/** Runs git in the new clone, which no agent has seen yet, without access to anything. Throws RunFailure CloneFailed. */
export async function local(
  fetching: Fetching,
  args: readonly string[],
  mayFail = false,
): Promise<GitOutput> {
  const { half, environment, home, signal } = fetching;
  const output = await runGit(args, { folder: half, signal, env: gitEnvironment(environment, home) });
  if (output.code !== 0 && !mayFail) throw refused(fetching, output);
  return output;
}

/** Why git failed, as one sentence. */
export function refused({ access, address, repository }: Fetching, { stderr }: GitOutput): RunFailure {
  return cloneFailure(access.clean(stderr), {
    url: address.url,
    branch: repository.ref ?? repository.branch ?? 'HEAD',
    credential: access.credential,
  });
}
