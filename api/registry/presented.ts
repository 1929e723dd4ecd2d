import type { Unstructured } from '../machinery/meta.ts';
import type { StoredObject } from '../storage/contract.ts';
import type { ApiObject } from './api-object.ts';
import type { Resource } from './resource.ts';

/** How a version of a kind shows what is stored. The same object where there is nothing to change. */
export function presented(_resource: Resource, stored: StoredObject): ApiObject {
  return stored;
}

/** The reverse, for a write: the object as it is stored, whatever version it came in. */
export function toStored(_resource: Resource, object: Unstructured): Unstructured {
  return object;
}
