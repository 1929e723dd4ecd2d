/** Where a branch, tag or commit of a remote stands. */
export interface RemoteRevision {
  /** To fetch: a full name below refs/, HEAD, or a commit id. */
  ref: string;
  /** Id of the commit; undefined for a commit that the remote was not asked for. */
  commit: string;
  /** For people: the branch or tag, without refs/heads/; empty for a commit. */
  name: string;
}

/** The names to ask `git ls-remote` for. */
export function refsToAsk(ref: string | undefined): string[] {
  if (ref === undefined) return ['HEAD'];
  if (ref.startsWith('refs/')) return [ref, `${ref}^{}`];
  return [`refs/heads/${ref}`, `refs/tags/${ref}`, `refs/tags/${ref}^{}`];
}

/**
 * Finds a ref in the output of `git ls-remote --symref`. A branch goes before a tag of its name; a tag object counts as
 * the commit that it names. Undefined where the remote has none. Pure.
 */
export function findRevision(output: string, ref: string | undefined): RemoteRevision | undefined {
  const commits = new Map<string, string>();
  let branch: string | undefined;
  for (const line of output.split('\n')) {
    const [what, name] = line.split('\t');
    if (what === undefined || name === undefined) continue;
    if (what.startsWith('ref: ')) {
      if (name === 'HEAD') branch = what.slice('ref: '.length);
    } else commits.set(name, what);
  }
  if (ref === undefined) return revision(commits, 'HEAD', branch ?? 'HEAD');
  if (ref.startsWith('refs/')) return revision(commits, ref, ref);
  const full = [`refs/heads/${ref}`, `refs/tags/${ref}`].find((name) => commits.has(name));
  return full === undefined ? undefined : revision(commits, full, full);
}

function revision(
  commits: ReadonlyMap<string, string>,
  ref: string,
  fullName: string,
): RemoteRevision | undefined {
  // The commit of a tag object follows on a line of its own: refs/tags/v1^{}
  const commit = commits.get(`${ref}^{}`) ?? commits.get(ref);
  return commit === undefined
    ? undefined
    : { ref, commit, name: fullName.replace(/^refs\/(heads|tags)\//, '') };
}

const SHA256_LENGTH = 64;

/** `main@sha1:6b9a…`, as Flux writes revisions (RFC-0005 of Flux). */
export function revisionText({ name, commit }: Pick<RemoteRevision, 'commit' | 'name'>): string {
  const digest = `${commit.length === SHA256_LENGTH ? 'sha256' : 'sha1'}:${commit}`;
  return name === '' ? digest : `${name}@${digest}`;
}
