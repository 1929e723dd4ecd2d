import { StatusError } from '#api/machinery/status-error';
import { GIT_SECRET_KEY, neededGitKeys } from '#api/types/workspace';
import type { RepositoryAccess } from '../protocol/run.ts';
import { readSecret } from './references.ts';
import type { Place, Reader } from './references.ts';

/** The part of a request that a Secret gives. */
export type GitCredential = Pick<RepositoryAccess, 'credential' | 'sshKey' | 'credentialName'>;

export interface GitSecret {
  gitUrl: string;
  /** `Secret "ns/name"`, for messages. */
  shown: string;
  /** The decoded value of a key; undefined when it has none. */
  value(key: string): string | undefined;
}

/** Reads the credential from a Secret. @throws StatusError NotFound that names the Secret, or the keys it lacks */
export async function readGitSecret(client: Reader, place: Place, gitUrl: string): Promise<GitCredential> {
  const shown = `Secret "${place.namespace}/${place.name}"`;
  return gitCredential({ gitUrl, shown, value: await readSecret(client, place) });
}

/** The credential in a Secret that fits the address. @throws StatusError NotFound that names the keys it lacks */
export function gitCredential({ gitUrl, shown, value }: GitSecret): GitCredential {
  const needed = neededGitKeys(gitUrl);
  if (needed.length === 0) return {};
  const key = needed.find((name) => (value(name) ?? '') !== '');
  const secret = key === undefined ? '' : (value(key) ?? '');
  if (key === undefined) {
    const keys = needed.map((name) => `"${name}"`).join(' or ');
    throw new StatusError('NotFound', `${shown} has no value under ${keys}, which ${scheme(gitUrl)} needs`);
  }
  const credentialName = `${shown} (key ${key})`;
  if (key === GIT_SECRET_KEY.privateKey) {
    const knownHosts = value(GIT_SECRET_KEY.knownHosts);
    const sshKey = { privateKey: secret, ...(knownHosts === undefined ? {} : { knownHosts }) };
    return { sshKey, credentialName };
  }
  const username = value(GIT_SECRET_KEY.username) ?? tokenUser(gitUrl);
  return { credential: { username, password: secret }, credentialName };
}

const scheme = (gitUrl: string): string => (gitUrl.includes('://') ? `${gitUrl.split(':')[0]}` : 'ssh');

/**
 * Who a token alone belongs to. Most services look at the token only; those that want a certain name say so in their
 * documentation of access tokens over https.
 */
function tokenUser(gitUrl: string): string {
  const host = URL.parse(gitUrl)?.hostname ?? '';
  if (/(?:^|\.)bitbucket\./.test(host)) return 'x-token-auth';
  return /(?:^|\.)gitlab\./.test(host) ? 'oauth2' : 'x-access-token';
}
