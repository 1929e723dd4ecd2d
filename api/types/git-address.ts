import { isMask } from './credentials/credential.ts';

/** Checks of what will be handed to git: early, clear words instead of git's own later. */

const SCHEMES: ReadonlySet<string> = new Set(['https:', 'http:', 'ssh:', 'git:', 'file:']);

/** `user@host:path`, the short form of ssh (git-clone(1), GIT URLS). */
const SCP_LIKE = /^(?:[A-Za-z0-9_.+-]+@)?[A-Za-z0-9][A-Za-z0-9.-]*:(?!\/\/)[^\s:]\S*$/;

/** The fault of the address, or undefined. */
export function gitURLProblem(address: string): string | undefined {
  if (isMask(address)) return CREDENTIAL;
  if (address.startsWith('-')) return 'must not begin with "-"';
  // Control characters and spaces: git would take a line break for the end of a request.
  if (/[\s\p{Cc}]/u.test(address)) return 'must not contain white space';
  // ext::, fd:: and other remote helpers run programs (gitremote-helpers(7)).
  if (/^[A-Za-z0-9]+::/.test(address)) return 'must not name a remote helper';
  if (!address.includes('://')) {
    return SCP_LIKE.test(address) ? undefined : 'is neither a URL nor of the form user@host:path';
  }
  const url = URL.parse(address);
  if (url === null) return 'is not a valid URL';
  if (!SCHEMES.has(url.protocol)) {
    return `has the scheme "${url.protocol.slice(0, -1)}"; allowed are https, http, ssh, git and file`;
  }
  if (url.protocol !== 'file:' && url.hostname === '') return 'names no host';
  if (url.hostname.startsWith('-')) return 'must not name a host that begins with "-"';
  return credentialProblem(url);
}

/**
 * The address as it stands in a message, in quotes and behind a space; '' for one that may hold a password or hides one.
 * Only a credential has need of an "@", and what cannot be parsed may hold one all the same.
 */
export const shownGitURL = (address: string): string =>
  address.includes('@') || isMask(address) ? '' : ` "${address}"`;

const CREDENTIAL = 'must not hold a credential; put it into a Secret and name that in secretRef';

/** A user name alone is how ssh logs in; over http it is often a token. */
function credentialProblem(url: URL): string | undefined {
  const isHTTP = url.protocol === 'https:' || url.protocol === 'http:';
  return url.password !== '' || (isHTTP && url.username !== '') ? CREDENTIAL : undefined;
}

/** The fault of the name of a branch, or undefined (git-check-ref-format(1)). */
export function branchNameProblem(name: string): string | undefined {
  if (name === '') return 'must not be empty';
  if (name.startsWith('-')) return 'must not begin with "-"';
  if (name === '@' || name === 'HEAD') return 'is reserved';
  if (/[\p{Cc} ~^:?*[\\]/u.test(name)) return 'contains a character that git does not allow in a branch name';
  if (name.includes('..') || name.includes('@{') || name.includes('//')) {
    return 'must not contain "..", "@{" or "//"';
  }
  if (name.startsWith('/') || name.endsWith('/') || name.endsWith('.')) {
    return 'must not begin with "/" or end with "/" or "."';
  }
  const badPart = name.split('/').some((part) => part.startsWith('.') || part.endsWith('.lock'));
  return badPart ? 'must have no part that begins with "." or ends with ".lock"' : undefined;
}

/** The fault in where to start, or undefined: a name below refs/, of a branch or tag, or a commit id. */
export function refProblem(ref: string): string | undefined {
  return branchNameProblem(ref);
}

/** The fault in the path of a folder in a repository, or undefined. */
export function subPathProblem(subPath: string): string | undefined {
  if (/[\p{Cc}\\]/u.test(subPath)) return 'must not contain control characters or backslashes';
  if (subPath.startsWith('/')) return 'must be relative to the repository';
  const parts = subPath.split('/');
  if (parts.includes('..')) return 'must not contain ".."';
  return parts.some((part) => part.toLowerCase() === '.git') ? 'must not lead into ".git"' : undefined;
}

/** Whether a ref is a whole commit id, which never moves: SHA-1 or SHA-256 in hex. */
export const isCommitID = (ref: string): boolean => /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(ref);
