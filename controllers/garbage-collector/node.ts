import type { KubeObject, OwnerReference } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';

/** What the collector remembers of an object: neither labels nor content. */
export interface Node {
  uid: string;
  /** In the version that is watched. */
  type: ResourceType;
  apiVersion: string;
  /** Absent for cluster-scoped objects. */
  namespace?: string;
  name: string;
  owners: readonly OwnerReference[];
  /** What its deletion waits for: `foreground` for dependents to go, `orphan` for them to be let go of. */
  deletion?: 'foreground' | 'orphan' | 'other';
}

export const FOREGROUND_FINALIZER = 'foregroundDeletion';
export const ORPHAN_FINALIZER = 'orphan';

const NO_OWNERS: readonly OwnerReference[] = [];

/** Undefined for an object without a uid, which a server does not send. */
export function nodeOf(type: ResourceType, { metadata }: Pick<KubeObject, 'metadata'>): Node | undefined {
  const { uid, namespace, name, ownerReferences = [] } = metadata;
  if (uid === undefined) return undefined;
  const deletion = deletionOf(metadata);
  return {
    uid,
    type,
    apiVersion: type.group === '' ? type.version : `${type.group}/${type.version}`,
    ...(namespace === undefined || namespace === '' ? {} : { namespace }),
    name,
    owners: ownerReferences.length === 0 ? NO_OWNERS : ownerReferences,
    ...(deletion === undefined ? {} : { deletion }),
  };
}

/** Orphaning comes first: what it lets go of is not to be deleted. */
export function deletionOf({ deletionTimestamp, finalizers = [] }: KubeObject['metadata']): Node['deletion'] {
  if (deletionTimestamp === undefined) return undefined;
  if (finalizers.includes(ORPHAN_FINALIZER)) return 'orphan';
  return finalizers.includes(FOREGROUND_FINALIZER) ? 'foreground' : 'other';
}

/** What a reference says about where its owner is. An owner is in its dependent's namespace, or in none. */
export function isOwnerOf(owner: Node, reference: OwnerReference, dependent: Node): boolean {
  return (
    owner.uid === reference.uid &&
    owner.name === reference.name &&
    owner.type.kind === reference.kind &&
    owner.apiVersion === reference.apiVersion &&
    (owner.namespace === undefined || owner.namespace === dependent.namespace)
  );
}
