import { formatApiVersion, parseApiVersion } from '../../machinery/group-version-kind.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { deepEqual } from '../../machinery/json/deep-equal.ts';
import type { StoredObject } from '../../storage/contract/objects.ts';
import { shownObject } from './api-object.ts';
import type { ApiObject } from './api-object.ts';
import { coreEvent, eventView } from './event-view.ts';
import { podView } from './pod-view.ts';
import { isEventView, isView } from '../resource.ts';
import type { Resource } from '../resource.ts';

/** Of each version: what it showed of a stored object. Goes with the definition and with the object. */
const presentations = new WeakMap<Resource, WeakMap<StoredObject, ApiObject>>();

/** How a version of a kind shows what is stored. The same object where there is nothing to change. */
export function presented(resource: Resource, stored: StoredObject): ApiObject {
  if (isCurrent(resource, stored)) return stored;
  let cache = presentations.get(resource);
  if (cache === undefined) presentations.set(resource, (cache = new WeakMap()));
  let object = cache.get(stored);
  if (object === undefined) cache.set(stored, (object = present(resource, stored)));
  return object;
}

/** The reverse, for a write: the object as it is stored, whatever version it came in. */
export function toStored(resource: Resource, object: Unstructured): Unstructured {
  if (isEventView(resource)) return coreEvent(object);
  if (resource.version === resource.storageVersion) return object;
  const { compiled } = resource.versionOf(resource.storageVersion) ?? resource;
  return compiled.applyDefaults(
    compiled.prune({ ...object, apiVersion: storageApiVersion(resource) }).object,
  );
}

/** Every object of a kind that never changed is stored as it is shown. */
export function showsAllAsStored(resource: Resource): boolean {
  return !isView(resource) && resource.definedAt === 0 && resource.version === resource.storageVersion;
}

function isCurrent(resource: Resource, { revision }: StoredObject): boolean {
  if (isView(resource) || resource.version !== resource.storageVersion) return false;
  return resource.definedAt === 0 || revision > resource.definedAt;
}

function storageApiVersion({ group, storageVersion }: Resource): string {
  return formatApiVersion({ group, version: storageVersion });
}

const viewOf = (resource: Resource): ((object: Unstructured) => Unstructured) =>
  isEventView(resource) ? eventView : podView;

function present(resource: Resource, stored: StoredObject): ApiObject {
  const { object } = stored;
  if (isView(resource)) return shownObject(viewOf(resource)(object));
  const writer = writerOf(resource, stored);
  const next = writer === undefined ? object : coerced(writer, object);
  const shown = writer === resource ? next : inVersion(resource, next);
  return deepEqual(shown, object) ? stored : shownObject(shown);
}

/**
 * The version by which an object is pruned and defaulted as it is read: the one it was stored in. Undefined when that
 * was done as it was written.
 */
function writerOf(resource: Resource, { object, revision }: StoredObject): Resource | undefined {
  const { version } = parseApiVersion(object.apiVersion);
  const isFresh = resource.definedAt === 0 || revision > resource.definedAt;
  if (isFresh && version === resource.storageVersion) return undefined;
  return resource.versionOf(version) ?? resource;
}

const coerced = ({ compiled }: Resource, object: Unstructured): Unstructured =>
  compiled.applyDefaults(compiled.prune(object).object);

/** Conversion "None": versions differ in their fields only (KEP 598). No defaults are filled in for the version shown. */
function inVersion(resource: Resource, object: Unstructured): Unstructured {
  return resource.compiled.prune({ ...object, apiVersion: formatApiVersion(resource) }).object;
}
