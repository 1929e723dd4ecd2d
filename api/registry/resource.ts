import { qualifiedResource } from '../machinery/group-version-kind.ts';
import type { StorageKey } from '../storage/contract/objects.ts';
import type { ResourceDefinition } from '../schema/resource-definition.ts';

/** A kind as the registry serves it; what api/server needs to know of one. */
export type Resource = ResourceDefinition;

/** Where an object is. `namespace` is '' for cluster-scoped resources, and for all namespaces of a collection. */
export interface Target {
  resource: Resource;
  namespace: string;
  name: string;
}

/** Both Event kinds are one store: that of core/v1. */
export function storageResource(resource: Resource): string {
  return isEventView(resource) ? 'events' : qualifiedResource(resource);
}

export function storageKey(target: Target): StorageKey {
  return { resource: storageResource(target.resource), namespace: target.namespace, name: target.name };
}

/** Event of events.k8s.io: another spelling of what core/v1 stores. */
export const isEventView = (resource: Resource): boolean =>
  resource.group === 'events.k8s.io' && resource.plural === 'events';

export const isTask = (resource: Resource): boolean => storageResource(resource) === 'tasks.agent.wecode.io';

export const isSkill = (resource: Resource): boolean =>
  storageResource(resource) === 'skills.agent.wecode.io';

export const isCustomResourceDefinition = (resource: Resource): boolean =>
  resource.group === 'apiextensions.k8s.io' && resource.plural === 'customresourcedefinitions';
