import { isTask, storageResource } from '../../registry/resource.ts';
import type { Resource } from '../../registry/resource.ts';

/** In the order kube-apiserver lists them for custom resources. */
const CUSTOM_VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
/** And for its own kinds. */
const BUILT_IN_VERBS = CUSTOM_VERBS.toSorted();
const STATUS_VERBS = ['get', 'patch', 'update'];

/** What can be done with a kind. Namespaces cannot be deleted by the collection. */
export function verbsOf(resource: Resource): string[] {
  if (isNamespace(resource)) return BUILT_IN_VERBS.filter((verb) => verb !== 'deletecollection');
  return resource.builtIn ? BUILT_IN_VERBS : CUSTOM_VERBS;
}

export interface DiscoveredSubresource {
  name: string;
  verbs: string[];
  /** Of what the subresource speaks. */
  responseKind: { group: string; version: string; kind: string };
}

const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale' };

/** In kube-apiserver's order. */
export function subresourcesOf(resource: Resource): DiscoveredSubresource[] {
  const { group, version, kind } = resource;
  const responseKind = { group, version, kind };
  return [
    ...(isNamespace(resource) ? [{ name: 'finalize', verbs: ['update'], responseKind }] : []),
    ...(isTask(resource)
      ? [
          { name: 'log', verbs: ['create', 'get'], responseKind },
          { name: 'messages', verbs: ['get'], responseKind },
        ]
      : []),
    ...(resource.hasStatus ? [{ name: 'status', verbs: STATUS_VERBS, responseKind }] : []),
    ...(resource.scale === undefined ? [] : [{ name: 'scale', verbs: STATUS_VERBS, responseKind: SCALE }]),
  ];
}

export const isNamespace = (resource: Resource): boolean => storageResource(resource) === 'namespaces';
