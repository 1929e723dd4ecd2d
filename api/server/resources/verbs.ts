import { storageResource } from '../../registry/resource.ts';
import type { Resource } from '../../registry/resource.ts';

/** In the order kube-apiserver lists them for custom resources. */
const CUSTOM_VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
/** And for its own kinds. */
const BUILT_IN_VERBS = CUSTOM_VERBS.toSorted();
/** Of kinds that are only read. */
const READING_VERBS = ['get', 'list', 'watch'];
/** Of kinds without storage. */
const VIRTUAL_VERBS = ['create'];
const NAMESPACE_VERBS = BUILT_IN_VERBS.filter((verb) => verb !== 'deletecollection');

/** Every verb of requests for resources. */
export const VERBS: ReadonlySet<string> = new Set(CUSTOM_VERBS);

/** The verbs for objects of a kind: discovery and OpenAPI show them, and the dispatch lets them through. */
export function verbsOf(resource: Resource): readonly string[] {
  if (resource.virtual === true) return VIRTUAL_VERBS;
  if (resource.readOnly !== undefined) return READING_VERBS;
  if (isNamespace(resource)) return NAMESPACE_VERBS;
  return resource.builtIn ? BUILT_IN_VERBS : CUSTOM_VERBS;
}

export const isNamespace = (resource: Resource): boolean => storageResource(resource) === 'namespaces';
