import { qualifiedResource } from '../machinery/group-version-kind.ts';
import type { StorageKey } from '../storage/contract.ts';
import type { ResourceDefinition } from '../schema/resource-definition.ts';

/** A kind as the registry serves it; what api/server needs to know of one. */
export type Resource = ResourceDefinition;

/** Where an object is. `namespace` is '' for cluster-scoped resources, and for all namespaces of a collection. */
export interface Target {
  resource: Resource;
  namespace: string;
  name: string;
}

export function storageResource(resource: Resource): string {
  return qualifiedResource(resource);
}

export function storageKey(target: Target): StorageKey {
  return { resource: storageResource(target.resource), namespace: target.namespace, name: target.name };
}

export const isTask = (resource: Resource): boolean => storageResource(resource) === 'tasks.agent.wecode.io';
