import { formatApiVersion } from '../../machinery/group-version-kind.ts';
import type { Resource } from '../../registry/resource.ts';

/** A version of an API group with its kinds. */
export interface GroupVersion {
  /** Empty for the core group. */
  group: string;
  version: string;
  /** By plural. */
  resources: readonly Resource[];
}

/** Groups in the order of the kinds; within a group the preferred version first. */
export function groupVersions(resources: readonly Resource[]): GroupVersion[] {
  const byVersion = Map.groupBy(resources, formatApiVersion);
  const found = [...byVersion.values()].flatMap((members) => {
    const [first] = members;
    if (first === undefined) return [];
    return [{ group: first.group, version: first.version, resources: members.toSorted(byPlural) }];
  });
  const byGroup = Map.groupBy(found, ({ group }) => group);
  return [...byGroup.values()].flatMap((versions) =>
    versions.toSorted((left, right) => compareVersions(left.version, right.version)),
  );
}

function byPlural(left: Resource, right: Resource): number {
  return left.plural < right.plural ? -1 : 1;
}

/** `/api/v1` or `/apis/GROUP/VERSION`. */
export function groupVersionPath(version: { group: string; version: string }): string {
  return `${version.group === '' ? '/api' : '/apis'}/${formatApiVersion(version)}`;
}

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
