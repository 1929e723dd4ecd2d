import type { Unstructured } from '../../machinery/meta.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { storageResource, type Resource } from '../resource.ts';
import { eventAdmission } from './event.ts';
import { namespaceAdmission } from './namespace.ts';
import type { Admission } from './rules.ts';
import { sandboxAdmission } from './sandbox.ts';
import { secretAdmission } from './secret.ts';
import { taskAdmission } from './task.ts';

/** Rules of single kinds that a schema cannot say. */
const ADMISSIONS: ReadonlyMap<string, Admission> = new Map([
  ['events', eventAdmission],
  ['namespaces', namespaceAdmission],
  ['secrets', secretAdmission],
  ['tasks.agent.wecode.io', taskAdmission],
  ['sandboxes.agent.wecode.io', sandboxAdmission],
]);

/** The object as it is to be stored. */
export function completed(resource: Resource, object: Unstructured): Unstructured {
  return ADMISSIONS.get(storageResource(resource))?.complete?.(object) ?? object;
}

/** What is wrong with a write; `previous` is absent for a create. */
export function judge(
  resource: Resource,
  object: Unstructured,
  previous: Unstructured | undefined,
): StatusCause[] {
  return ADMISSIONS.get(storageResource(resource))?.judge?.(object, previous) ?? [];
}

/** @throws StatusError Forbidden for an object that has to stay */
export function checkDeletion(resource: Resource, object: Unstructured): void {
  ADMISSIONS.get(storageResource(resource))?.checkDeletion?.(object);
}
