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

/** Where the objects of a view are stored: both Event kinds are one store, that of core/v1; Pods are Sandboxes. */
const STORAGE_OF_VIEWS: ReadonlyMap<string, string> = new Map([
  ['events.events.k8s.io', 'events'],
  ['pods', 'sandboxes.agent.wecode.io'],
]);

export function storageResource(resource: Resource): string {
  const name = qualifiedResource(resource);
  return STORAGE_OF_VIEWS.get(name) ?? name;
}

/** Whether its objects are another spelling of what is stored. */
export const isView = (resource: Resource): boolean => STORAGE_OF_VIEWS.has(qualifiedResource(resource));

export function storageKey(target: Target): StorageKey {
  return { resource: storageResource(target.resource), namespace: target.namespace, name: target.name };
}

/** Event of events.k8s.io: another spelling of what core/v1 stores. */
export const isEventView = (resource: Resource): boolean =>
  resource.group === 'events.k8s.io' && resource.plural === 'events';

/** A Sandbox, as tools that know Pods read it. */
export const isPod = (resource: Resource): boolean => qualifiedResource(resource) === 'pods';

export const isExecutor = (resource: Resource): boolean =>
  storageResource(resource) === 'executors.agent.wecode.io';

export const isTask = (resource: Resource): boolean => storageResource(resource) === 'tasks.agent.wecode.io';

export const isApproval = (resource: Resource): boolean =>
  storageResource(resource) === 'approvals.agent.wecode.io';

export const isSkill = (resource: Resource): boolean =>
  storageResource(resource) === 'skills.agent.wecode.io';

export const isAccount = (resource: Resource): boolean =>
  storageResource(resource) === 'users.agent.wecode.io';

export const isApiKey = (resource: Resource): boolean =>
  storageResource(resource) === 'apikeys.agent.wecode.io';

export const isCustomResourceDefinition = (resource: Resource): boolean =>
  resource.group === 'apiextensions.k8s.io' && resource.plural === 'customresourcedefinitions';
