import type { Unstructured } from '../../machinery/meta.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { storageResource } from '../resource.ts';
import type { Resource } from '../resource.ts';
import { configMapAdmission } from './config-map.ts';
import { customResourceDefinitionAdmission } from './custom-resource-definition.ts';
import { eventAdmission } from './event.ts';
import { leaseAdmission } from './lease.ts';
import { namespaceAdmission } from './namespace.ts';
import type { Admission, Preparation } from './rules.ts';
import { sandboxAdmission } from './sandbox.ts';
import { secretAdmission } from './secret.ts';
import { taskAdmission } from './task.ts';

/** Rules of single kinds that a schema cannot say. */
const ADMISSIONS: ReadonlyMap<string, Admission> = new Map([
  ['configmaps', configMapAdmission],
  ['customresourcedefinitions.apiextensions.k8s.io', customResourceDefinitionAdmission],
  ['events', eventAdmission],
  ['leases.coordination.k8s.io', leaseAdmission],
  ['namespaces', namespaceAdmission],
  ['secrets', secretAdmission],
  ['tasks.agent.wecode.io', taskAdmission],
  ['sandboxes.agent.wecode.io', sandboxAdmission],
]);

const admissionOf = (resource: Resource): Admission | undefined => ADMISSIONS.get(storageResource(resource));

/** @throws StatusError BadRequest when the object is of the wrong form */
export function hiddenUnknownFields(resource: Resource, object: Unstructured): string[] {
  return admissionOf(resource)?.unknownFields?.(object, resource) ?? [];
}

/** Hints about what a write makes of `previous`, which is absent for a create. */
export function hintsOf(
  resource: Resource,
  object: Unstructured,
  previous: Unstructured | undefined,
): string[] {
  return admissionOf(resource)?.warnings?.(object, previous) ?? [];
}

/** The object with what the server fills in. */
export function completed(resource: Resource, object: Unstructured): Unstructured {
  return admissionOf(resource)?.complete?.(object) ?? object;
}

/** The object with what only the server may set as it has to be. */
export function prepared(resource: Resource, object: Unstructured, write: Preparation): Unstructured {
  return admissionOf(resource)?.prepare?.(object, write) ?? object;
}

/** What is wrong with a write; `previous` is absent for a create. */
export function judge(
  resource: Resource,
  object: Unstructured,
  previous: Unstructured | undefined,
): StatusCause[] {
  const rules = admissionOf(resource)?.judge;
  if (rules === undefined) return [];
  // Objects stored before a field had a default count as having it, or nothing could be changed any more.
  return rules(object, previous && resource.compiled.applyDefaults(previous), resource);
}

/** @throws StatusError Forbidden for an object that has to stay */
export function checkDeletion(resource: Resource, object: Unstructured): void {
  admissionOf(resource)?.checkDeletion?.(object);
}
