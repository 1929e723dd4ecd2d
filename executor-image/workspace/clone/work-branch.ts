/**
 * Chooses a name for a work branch that stands beside all branches that are there: the wanted one, or the wanted one
 * with a number. A branch is a file and the parts of its name are folders, so `troupe` and `troupe/x` exclude each other
 * too. Upper and lower case count as equal, as they are on some file systems.
 */
export function freeBranchName(wanted: string, taken: Iterable<string>): string {
  const others = new Set([...taken].map((name) => name.toLowerCase()));
  const base = hasBranchAbove(wanted, others) ? wanted.replaceAll('/', '-') : wanted;
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (isFree(name.toLowerCase(), others)) return name;
  }
}

/** The branches that may stand in the way of a work branch like this one, or of another of the same Task. */
export function relatedBranches(wanted: string, branches: Iterable<string>): string[] {
  const first = firstPart(wanted);
  return [...branches].filter((name) => firstPart(name).startsWith(first));
}

const firstPart = (name: string): string => (name.split('/')[0] ?? '').toLowerCase();

function isFree(name: string, others: ReadonlySet<string>): boolean {
  if (others.has(name) || hasBranchAbove(name, others)) return false;
  const folder = `${name}/`;
  return ![...others].some((other) => other.startsWith(folder));
}

function hasBranchAbove(name: string, others: ReadonlySet<string>): boolean {
  const parts = name.toLowerCase().split('/');
  return parts.some((_, index) => index > 0 && others.has(parts.slice(0, index).join('/')));
}
