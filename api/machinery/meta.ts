/**
 * Object metadata as Kubernetes defines it (meta/v1). Every stored object has TypeMeta and ObjectMeta;
 * everything else is the kind's own.
 */

/** Names the kind of an object and the version it is written in. */
export interface TypeMeta {
  apiVersion: string;
  kind: string;
}

/** Points from a dependent to its owner; the garbage collector deletes dependents of an absent owner. */
export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  /** At most one owner reference of an object may set this. */
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  name: string;
  /** Absent on cluster-scoped objects. */
  namespace?: string;
  /** A name prefix; the server appends five random characters when `name` is empty. */
  generateName?: string;
  /** Shown to people by compatible clients; not part of Kubernetes. */
  displayName?: string;
  /** Set by the server, unique over all time (UUID v4). */
  uid?: string;
  /** Decimal revision of the last change; opaque to clients except for equality. */
  resourceVersion?: string;
  /** Grows by one with each change of the desired state (everything but metadata and status). */
  generation?: number;
  /** RFC 3339, seconds, UTC. */
  creationTimestamp?: string;
  /** Set when deletion was asked for while finalizers are present. */
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  managedFields?: unknown[];
}

/** Any API object; kinds narrow it. */
export interface KubeObject extends TypeMeta {
  metadata: ObjectMeta;
}

/** An object whose spec and status are not known to the compiler. */
export interface Unstructured extends KubeObject {
  [field: string]: unknown;
}

export interface ListMeta {
  resourceVersion?: string;
  continue?: string;
  remainingItemCount?: number;
}

export interface KubeList<T extends KubeObject = Unstructured> extends TypeMeta {
  metadata: ListMeta;
  items: T[];
}

/** `namespace/name`, or `name` for cluster-scoped objects: the key of work queues and caches. */
export function objectKey(meta: { namespace?: string | undefined; name: string }): string {
  return meta.namespace === undefined || meta.namespace === '' ? meta.name : `${meta.namespace}/${meta.name}`;
}

/** The reverse of objectKey. Names never contain a slash, namespaces may (nested groups), so the last one splits. */
export function splitObjectKey(key: string): { namespace?: string; name: string } {
  const slash = key.lastIndexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** The owner reference a controller sets on what it creates. */
export function controllerReference(owner: KubeObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}
