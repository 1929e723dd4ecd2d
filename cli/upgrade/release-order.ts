/** A version of Troupe, such as `0.2.0` or `0.2.0-rc.1` (Semantic Versioning). */
export type Release = string;

/** Negative when `a` is the older one. A pre-release comes before its release; build metadata does not count. */
export function compareReleases(a: Release, b: Release): number {
  const [one, other] = [partsOf(a), partsOf(b)];
  const numbers = inOrder(one.numbers, other.numbers);
  if (numbers !== 0) return numbers;
  if (one.pre === other.pre) return 0;
  if (one.pre === '' || other.pre === '') return one.pre === '' ? 1 : -1;
  return inOrder(one.pre, other.pre);
}

function partsOf(release: Release): { numbers: string; pre: string } {
  const [version = ''] = release.split('+', 1);
  const at = version.indexOf('-');
  return at < 0
    ? { numbers: version, pre: '' }
    : { numbers: version.slice(0, at), pre: version.slice(at + 1) };
}

const numerically = new Intl.Collator('en', { numeric: true });
const inOrder = (a: string, b: string): number => Math.sign(numerically.compare(a, b));
