import { parseApiVersion } from '#api/machinery/group-version-kind';
import { objectKey } from '#api/machinery/meta';
import type { KubeObject, OwnerReference } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';

/** The reference to the owner whose absence ends the object; undefined when it has none. */
export function controllerOwner(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

/** The resource an owner is of; undefined for kinds this collector does not know, whose dependents it leaves alone. */
export function ownerType(owner: OwnerReference, types: readonly ResourceType[]): ResourceType | undefined {
  const { group } = parseApiVersion(owner.apiVersion);
  return types.find((type) => type.kind === owner.kind && type.group === group);
}

/** An owner is in its dependent's namespace, or in none. */
export function ownerKey(object: KubeObject, owner: OwnerReference, type: ResourceType): string {
  return type.namespaced
    ? objectKey({ namespace: object.metadata.namespace, name: owner.name })
    : objectKey({ name: owner.name });
}

/** Queue keys: which resource, and which object of it. A plural holds no colon. */
export function collectorKey(type: ResourceType, key: string): string {
  return `${type.plural}:${key}`;
}

export function splitCollectorKey(key: string): { plural: string; objectKey: string } {
  const colon = key.indexOf(':');
  return { plural: key.slice(0, colon), objectKey: key.slice(colon + 1) };
}
