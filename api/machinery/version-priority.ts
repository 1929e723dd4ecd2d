const STAGES = ['alpha', 'beta', undefined];

/**
 * The better one first: v10, v2, v1, v11beta2, v10beta3, v12alpha1, then all other names by the alphabet
 * (apimachinery pkg/version/helpers.go CompareKubeAwareVersionStrings).
 */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [parseVersion(left), parseVersion(right)];
  if (a === undefined && b === undefined) return left < right ? -1 : Number(left > right);
  if (a === undefined || b === undefined) return a === undefined ? 1 : -1;
  return a.map((part, index) => (b[index] ?? 0) - part).find((difference) => difference !== 0) ?? 0;
}

/** Stage, major, minor. */
function parseVersion(version: string): number[] | undefined {
  const parts = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/.exec(version);
  if (parts === null) return undefined;
  const [, major, stage, minor = '0'] = parts;
  return [STAGES.indexOf(stage), Number(major), Number(minor)];
}
