import { formatApiVersion } from '../../machinery/group-version-kind.ts';
import { compareVersions } from '../../machinery/version-priority.ts';
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
