import { RunFailure } from '../../run-failure.ts';

/** Object ids by the full names of a remote's branches and tags; a tag object counts as the commit that it names. */
export type RemoteRefs = ReadonlyMap<string, string>;

/** Where the work begins. */
export type StartPoint =
  | { kind: 'branch'; name: string; ref: string }
  | { kind: 'tag'; name: string; ref: string }
  /** HEAD, or another full name below refs/, such as refs/pull/7/head; whether the remote has it shows when it is fetched. */
  | { kind: 'ref'; name: string; ref: string }
  | { kind: 'commit'; name: string }
  /** The repository is empty. */
  | { kind: 'unborn'; name: string };

const BRANCHES = 'refs/heads/';
const TAGS = 'refs/tags/';
/** SHA-1 and SHA-256 in hex; an abbreviation cannot be fetched. */
const COMMIT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** Reads the output of `git ls-remote`. */
export function parseRemoteRefs(output: string): RemoteRefs {
  const refs = new Map<string, string>();
  for (const line of output.split('\n')) {
    const [id, name] = line.split('\t');
    if (id === undefined || name === undefined) continue;
    // The commit of a tag object follows on a line of its own: refs/tags/v1^{}
    refs.set(name.endsWith('^{}') ? name.slice(0, -'^{}'.length) : name, id);
  }
  return refs;
}

export function branchesOf(refs: RemoteRefs): string[] {
  return [...refs.keys()]
    .filter((name) => name.startsWith(BRANCHES))
    .map((name) => name.slice(BRANCHES.length));
}

export interface WantedStart {
  url: string;
  /** A branch, or else a tag. */
  branch: string;
  /** In its place: a branch, a tag, a full name below refs/ or a whole commit id. */
  ref?: string | undefined;
}

/** Finds the start among what the remote has. Throws RunFailure CloneFailed that says what is missing. */
export function startPoint(refs: RemoteRefs, { url, branch, ref }: WantedStart): StartPoint {
  const name = ref ?? branch;
  const found = find(refs, name);
  if (found !== undefined) return found;
  if (ref !== undefined && ref.startsWith('refs/')) return { kind: 'ref', name, ref };
  if (ref !== undefined && COMMIT_ID.test(ref)) return { kind: 'commit', name };
  if (ref === undefined && refs.size === 0) return { kind: 'unborn', name };
  throw new RunFailure('CloneFailed', `${missing(name, ref)} does not exist in ${url}${choice(refs)}`);
}

function find(refs: RemoteRefs, name: string): StartPoint | undefined {
  const full = [name, `${BRANCHES}${name}`, `${TAGS}${name}`].find((candidate) => refs.has(candidate));
  if (full === undefined) return undefined;
  const kind = full.startsWith(BRANCHES) ? 'branch' : 'tag';
  return { kind, name: full.slice((kind === 'branch' ? BRANCHES : TAGS).length), ref: full };
}

function missing(name: string, ref: string | undefined): string {
  if (ref === undefined) return `branch "${name}"`;
  const isAbbreviated = /^[0-9a-f]{7,63}$/.test(name);
  return `"${name}"${isAbbreviated ? ', if it is meant as a commit, is not a whole id and' : ''}`;
}

const MOST_SHOWN = 5;

function choice(refs: RemoteRefs): string {
  const branches = branchesOf(refs);
  if (branches.length === 0) return refs.size === 0 ? ', which is empty' : '';
  const shown = branches.slice(0, MOST_SHOWN).map((name) => `"${name}"`);
  const more = branches.length - shown.length;
  return `; its branches are ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
