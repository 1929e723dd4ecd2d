import type { GroupVersionKind } from './group-version-kind.ts';
import type { KubeObject } from './meta.ts';

/**
 * Names one resource of the API and, for the compiler, the type of its objects. A client call takes one
 * of these (see api/types/resources.ts) in place of three strings and a type argument.
 */
export interface ResourceType<T extends KubeObject = KubeObject> extends GroupVersionKind {
  plural: string;
  namespaced: boolean;
  /** Never set: only carries the type. */
  readonly object?: T;
}

/** Where an object is; `namespace` is absent for cluster-scoped resources. */
export interface ObjectRef {
  namespace?: string;
  name: string;
}

/** Where `object` is, or where the object called `name` beside it is: one in the same namespace. */
export function refOf(
  { metadata }: { metadata: { namespace?: string; name: string } },
  name: string = metadata.name,
): ObjectRef {
  const { namespace } = metadata;
  return namespace === undefined ? { name } : { namespace, name };
}
