import { formatApiVersion } from '../machinery/group-version-kind.ts';
import { jsonText } from '../machinery/json.ts';
import type { Unstructured } from '../machinery/meta.ts';
import { deepEqual } from '../schema/deep-equal.ts';
import type { StoredObject } from '../storage/contract.ts';
import type { ApiObject } from './api-object.ts';
import { coreEvent, eventView } from './event-view.ts';
import { isEventView, type Resource } from './resource.ts';

/** Of each version: what it showed of a stored object. Goes with the definition and with the object. */
const shown = new WeakMap<Resource, WeakMap<StoredObject, ApiObject>>();

/** How a version of a kind shows what is stored. The same object where there is nothing to change. */
export function presented(resource: Resource, stored: StoredObject): ApiObject {
  if (isCurrent(resource, stored)) return stored;
  let cache = shown.get(resource);
  if (cache === undefined) shown.set(resource, (cache = new WeakMap()));
  let object = cache.get(stored);
  if (object === undefined) cache.set(stored, (object = present(resource, stored)));
  return object;
}

/** The reverse, for a write: the object as it is stored, whatever version it came in. */
export function toStored(resource: Resource, object: Unstructured): Unstructured {
  if (isEventView(resource)) return coreEvent(object);
  if (resource.version === resource.storageVersion) return object;
  return { ...object, apiVersion: storageApiVersion(resource) };
}

/** Every object of a kind that never changed is stored as it is shown. */
export function showsAllAsStored(resource: Resource): boolean {
  return !isEventView(resource) && resource.definedAt === 0 && resource.version === resource.storageVersion;
}

function isCurrent(resource: Resource, { revision }: StoredObject): boolean {
  if (isEventView(resource) || resource.version !== resource.storageVersion) return false;
  return resource.definedAt === 0 || revision > resource.definedAt;
}

function storageApiVersion({ group, storageVersion }: Resource): string {
  return formatApiVersion({ group, version: storageVersion });
}

function present(resource: Resource, stored: StoredObject): ApiObject {
  const { object } = stored;
  if (isEventView(resource)) return new Presented(eventView(object));
  // Conversion "None": versions differ in their schema only (KEP 598), and the schema may be newer than the object.
  const pruned = resource.compiled.prune({ ...object, apiVersion: formatApiVersion(resource) }).object;
  const next = resource.compiled.applyDefaults(pruned);
  return deepEqual(next, object) ? stored : new Presented(next);
}

/** Its text is made when it is first asked for. */
class Presented implements ApiObject {
  readonly object: Unstructured;
  #text: string | undefined;

  constructor(object: Unstructured) {
    this.object = Object.freeze(object);
  }

  json(): string {
    return (this.#text ??= jsonText(this.object));
  }
}
