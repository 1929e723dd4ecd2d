import { createHash } from 'node:crypto';
import { VERSION } from '#api/machinery/version';
import { qualifiedKind, TROUPE_GROUP } from '#api/machinery/group-version-kind';
import type { Sync } from '#api/types/generated/sync';

/**
 * The set of objects of a Sync, as kubectl's `--applyset` knows sets: the Sync is the parent, and its members have a label.
 * https://github.com/kubernetes/enhancements/tree/master/keps/sig-cli/3659-kubectl-apply-prune
 */

/** On the parent: the id of the set. */
const ID_LABEL = 'applyset.kubernetes.io/id';
/** On members: the id of their set. */
export const PART_OF_LABEL = 'applyset.kubernetes.io/part-of';
const TOOLING = 'applyset.kubernetes.io/tooling';
const GROUP_KINDS = 'applyset.kubernetes.io/contains-group-kinds';
const NAMESPACES = 'applyset.kubernetes.io/additional-namespaces';

/** Where members may be. */
export interface SetScope {
  /** `Ghost.agent.wecode.io`, `ConfigMap`. */
  groupKinds: ReadonlySet<string>;
  /** The namespace of the Sync is not among them. */
  namespaces: ReadonlySet<string>;
}

/** The id that the KEP asks for, of the place of the parent. */
export function applySetID({ metadata }: Sync): string {
  const place = [metadata.name, metadata.namespace ?? '', 'Sync', TROUPE_GROUP].join('.');
  return `applyset-${createHash('sha256').update(place).digest('base64url')}-v1`;
}

/** The scope that the parent says its members have. */
export function scopeOf({ metadata }: Sync): SetScope {
  const { annotations = {} } = metadata;
  const list = (name: string): Set<string> =>
    new Set((annotations[name] ?? '').split(',').filter((entry) => entry !== ''));
  return { groupKinds: list(GROUP_KINDS), namespaces: list(NAMESPACES) };
}

/** The scope of objects. */
export function scopeOfObjects(
  objects: readonly { group: string; kind: string; namespace?: string | undefined }[],
  { metadata }: Sync,
): SetScope {
  const namespaces = objects.flatMap(({ namespace }) => (namespace === undefined ? [] : [namespace]));
  return {
    groupKinds: new Set(objects.map(qualifiedKind)),
    namespaces: new Set(namespaces.filter((namespace) => namespace !== metadata.namespace)),
  };
}

export const union = (a: SetScope, b: SetScope): SetScope => ({
  groupKinds: new Set([...a.groupKinds, ...b.groupKinds]),
  namespaces: new Set([...a.namespaces, ...b.namespaces]),
});

/** The labels and annotations of the parent. */
export function parentMetadata(
  sync: Sync,
  scope: SetScope,
): { labels: Record<string, string>; annotations: Record<string, string> } {
  const text = (names: ReadonlySet<string>): string => [...names].toSorted().join(',');
  return {
    labels: { [ID_LABEL]: applySetID(sync) },
    annotations: {
      [TOOLING]: `troupe/v${VERSION}`,
      [GROUP_KINDS]: text(scope.groupKinds),
      [NAMESPACES]: text(scope.namespaces),
    },
  };
}

/** Whether the parent says so already. */
export function hasParentMetadata(sync: Sync, scope: SetScope): boolean {
  const { labels, annotations } = parentMetadata(sync, scope);
  const has = (found: Record<string, string> | undefined, wanted: Record<string, string>): boolean =>
    Object.entries(wanted).every(([name, value]) => found?.[name] === value);
  return has(sync.metadata.labels, labels) && has(sync.metadata.annotations, annotations);
}
