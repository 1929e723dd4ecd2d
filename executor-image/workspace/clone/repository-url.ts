import type { RepositoryAccess } from '#executor-manager/protocol/run';
import { RunFailure } from '../../run-failure.ts';

export interface RepositoryURL {
  /** Without user and password, for git, for messages and for the repository's configuration. */
  url: string;
  credential?: { username: string; password: string };
}

/** `user@host:path`, which is ssh. */
const SCP_LIKE = /^(?:[A-Za-z0-9._-]+@)?[A-Za-z0-9.-]+:(?!\/\/)[^\s]+$/;

/** Takes a credential out of the URL, since it would end up in messages and in the agent's hands. Throws CloneFailed. */
export function repositoryURL({ gitUrl, credential }: RepositoryAccess): RepositoryURL {
  const bad = (why: string): RunFailure => new RunFailure('CloneFailed', `the repository's URL ${why}`);
  if (gitUrl.trim() === '') throw bad('is empty');
  // `ext::sh -c ...` and its like: git would take what stands before :: as a helper to run.
  if (/^[A-Za-z0-9+.-]+::/.test(gitUrl)) throw bad('names a remote helper; use https, http, ssh or git');
  if (!gitUrl.includes('://')) {
    if (SCP_LIKE.test(gitUrl) && !gitUrl.startsWith('-')) {
      return { url: gitUrl, ...(credential === undefined ? {} : { credential }) };
    }
    throw bad('is not one that git can clone, such as https://host/group/project.git');
  }
  if (!URL.canParse(gitUrl))
    throw bad('is not one that git can clone, such as https://host/group/project.git');
  const url = new URL(gitUrl);
  const own =
    url.password === '' || !/^https?:$/.test(url.protocol)
      ? undefined
      : { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  // The user of ssh://git@host is part of the address; a password never is.
  url.password = '';
  if (/^https?:$/.test(url.protocol)) url.username = '';
  const used = credential ?? own;
  return { url: url.href, ...(used === undefined ? {} : { credential: used }) };
}
