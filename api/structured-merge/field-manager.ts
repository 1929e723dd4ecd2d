import type { Unstructured } from '../machinery/meta.ts';
import { badRequest } from '../machinery/status-error.ts';
import { deepEqual } from '../machinery/json/deep-equal.ts';
import { isJsonObject } from '../machinery/json/json.ts';
import { capUpdaters } from './cap-managers.ts';
import { misfit } from './check-fit.ts';
import { ConflictsError } from './conflicts.ts';
import { difference, NO_FIELDS, pathSet, union } from './field-set.ts';
import type { FieldSet } from './field-set.ts';
import { allowLastApplied, KUBECTL, withLastApplied } from './last-applied.ts';
import {
  asksForReset,
  entriesOf,
  managerId,
  readManagers,
  withEntries,
  withManagers,
} from './managed-fields.ts';
import type { ManagerEntry, Managers } from './managed-fields.ts';
import { ItemError } from './list-items.ts';
import type { MergeSchema } from './merge-schema.ts';
import { fieldElement } from './path-element.ts';
import { afterApply, afterUpdate } from './updater.ts';
import type { OwnershipChange } from './updater.ts';
import { conversions } from './versioned-object.ts';
import type { VersionedObject } from './versioned-object.ts';

/**
 * Who manages which field of an object, kept at each write, and the merge that server-side apply is (the chain of
 * managers in apimachinery util/managedfields/internal/fieldmanager.go, KEP-555).
 */
export interface ManagedWrite {
  /** The state before in the version of the request, managedFields included; undefined when it does not exist yet. */
  live: Unstructured | undefined;
  /** At most 128 bytes, printable: the caller sees to it. */
  manager: string;
  subresource: '' | 'events' | 'finalize' | 'messages' | 'scale' | 'status';
  /** RFC 3339, seconds. */
  time: string;
  /** Of the request's version. */
  schema: MergeSchema;
  /** Of another version that an entry of managedFields names; undefined when it is not served: its entry is dropped. */
  schemaOf(apiVersion: string): MergeSchema | undefined;
  /** Fields of the object that this write may not change, and so never owns: `status` for the object itself. */
  resetFields: readonly string[];
}

export interface UpdateWrite extends ManagedWrite {
  /** What a create, PUT or patch leads to, defaults in. */
  next: Unstructured;
}

export interface ApplyWrite extends ManagedWrite {
  configuration: Unstructured;
  force: boolean;
}

/** Owner of what was there when an object is applied to for the first time. */
const BEFORE_FIRST_APPLY = 'before-first-apply';

/**
 * `next` with metadata.managedFields as they are after it. When ownership cannot be found out, since an object does not
 * fit its schema, they stay what they were: validation says what is wrong.
 */
export function trackUpdate(write: UpdateWrite): Unstructured {
  const { next } = write;
  const managers = managersBefore(write);
  const bare = withEntries(next, undefined);
  // Who cleared them does not want them back; the next apply starts anew.
  if (managers.size === 0 && (write.live?.metadata.uid ?? '') !== '') return bare;
  const updated = updatedManagers(write, bare, managers);
  return typeof updated === 'string'
    ? withEntries(next, write.live?.metadata.managedFields)
    : withManagers(next, updated);
}

/** As the client sends them, unless it leaves them out or they cannot be read. A subresource cannot change them. */
function managersBefore({ live, next, subresource }: UpdateWrite): Managers {
  const asked = subresource === '' ? entriesOf(next) : undefined;
  if (asked !== undefined) {
    if (asksForReset(asked)) return new Map();
    const managers = readManagers(asked);
    if (managers !== undefined && managers.size > 0) return managers;
  }
  return readManagers(entriesOf(live) ?? []) ?? new Map<string, ManagerEntry>();
}

/** A text when an object does not fit the schema. */
function updatedManagers(write: ManagedWrite, next: Unstructured, before: Managers): Managers | string {
  const change = changeOf(write, next, before);
  const { live } = change;
  for (const object of live.object === next ? [next] : [next, live.object]) {
    const wrong = unfit({ ...live, object }, true);
    const which = object === next ? 'new' : 'live';
    if (wrong !== undefined)
      return `failed to convert ${which} object (${nameOf(object)}) to smd typed: ${wrong}`;
  }
  const { managers, own } = afterUpdate(change, { ...live, object: next });
  const set = difference(own, SYSTEM_FIELDS);
  if (set.length > 0) {
    const entry = entryOf(write, { apiVersion: live.apiVersion, applied: false, set });
    const id = managerId(entry);
    const previous = managers.get(id);
    const all = previous === undefined ? set : union(previous.set, set);
    managers.set(id, { ...entry, set: all, source: previous?.source });
  }
  capUpdaters(managers);
  return managers;
}

/**
 * The merge of live with the applied configuration, managedFields included; the caller defaults, validates and stores it.
 * @throws StatusError Conflict with a cause for each field; BadRequest for a configuration that does not fit the schema
 */
export function applyConfiguration(write: ApplyWrite): Unstructured {
  const { configuration, live, manager } = write;
  if (entriesOf(configuration) !== undefined) throw badRequest('metadata.managedFields must be nil');
  let managers = readManagers(entriesOf(live) ?? []) ?? new Map<string, ManagerEntry>();
  const before = live ?? emptyObject(configuration);
  if (managers.size === 0) managers = managersOfExisting(write, before);
  const result = appliedObject(write, changeOf({ ...write, live: before }, configuration, managers));
  const merged = withManagers(result.object, result.managers);
  return manager === KUBECTL ? withLastApplied(merged, configuration) : merged;
}

function managersOfExisting(write: ApplyWrite, live: Unstructured): Managers {
  const first = { ...write, live: undefined, manager: BEFORE_FIRST_APPLY };
  const managers = updatedManagers(first, live, new Map());
  if (typeof managers !== 'string') return managers;
  throw failure(`failed to create manager for existing fields: ${managers}`);
}

interface Applied {
  object: Unstructured;
  managers: Managers;
}

function appliedObject(write: ApplyWrite, change: OwnershipChange): Applied {
  const { live } = change;
  const configuration = { ...live, object: write.configuration };
  const wrong = unfit(configuration, false);
  if (wrong !== undefined)
    throw failure(`failed to create typed patch object (${nameOf(configuration.object)}): ${wrong}`);
  const liveWrong = unfit(live, true);
  if (liveWrong !== undefined)
    throw failure(`failed to create typed live object (${nameOf(live.object)}): ${liveWrong}`);
  try {
    return applied(write, change, write.force);
  } catch (error) {
    // Whoever wrote managedFields by hand can own the keys of an item without owning the item.
    if (error instanceof ItemError) throw failure(`failed to compare objects: ${error.message}`);
    if (!(error instanceof ConflictsError)) throw error;
    return forcedByLastApplied(write, change, error);
  }
}

/** @throws StatusError Conflict */
function forcedByLastApplied(write: ApplyWrite, change: OwnershipChange, error: ConflictsError): Applied {
  try {
    if (write.manager !== KUBECTL) throw error;
    allowLastApplied(error, change.live);
    return applied(write, change, true);
  } catch (remaining) {
    throw remaining instanceof ConflictsError ? remaining.toStatusError() : remaining;
  }
}

/** @throws ConflictsError */
function applied(write: ApplyWrite, change: OwnershipChange, force: boolean): Applied {
  const applier = entryOf(write, { apiVersion: change.live.apiVersion, applied: true, set: NO_FIELDS });
  const id = managerId(applier);
  const configuration = { ...change.live, object: write.configuration };
  const { object, managers } = afterApply(change, { configuration, id, applier, force });
  const own = managers.get(id);
  if (own !== undefined) {
    const set = difference(own.set, SYSTEM_FIELDS);
    if (set.length === 0) managers.delete(id);
    else managers.set(id, { ...own, set, time: object === undefined ? own.time : write.time });
  }
  return { object: object?.object ?? change.live.object, managers };
}

function changeOf(write: ManagedWrite, next: Unstructured, managers: Managers): OwnershipChange {
  const { schema, live, schemaOf, resetFields } = write;
  const { apiVersion } = next;
  return {
    live: { apiVersion, schema, object: live ?? emptyObject(next) },
    managers,
    inVersion: conversions((version) => (version === apiVersion ? schema : schemaOf(version))),
    ignored:
      resetFields.length === 0 ? NO_FIELDS : pathSet(...resetFields.map((name) => [fieldElement(name)])),
  };
}

/** What a create starts from. */
function emptyObject({ apiVersion, kind }: Unstructured): Unstructured {
  return { apiVersion, kind } as Unstructured;
}

interface OwnEntry {
  apiVersion: string;
  applied: boolean;
  set: FieldSet;
}

function entryOf({ manager, subresource, time }: ManagedWrite, own: OwnEntry): ManagerEntry {
  return { ...own, manager: manager === '' ? 'unknown' : manager, subresource, time, source: undefined };
}

function unfit({ schema, object }: VersionedObject, duplicates: boolean): string | undefined {
  return misfit(schema.type, object, { duplicates });
}

/** kube-apiserver answers 500 here; it is the configuration that is wrong. */
const failure = badRequest;

function nameOf({ apiVersion, kind, metadata }: Unstructured): string {
  return `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}; ${apiVersion}, Kind=${kind}`;
}

/** What the server sets, and so nobody manages (apimachinery stripmeta.go). */
const SYSTEM_FIELDS: FieldSet = pathSet(
  ...['apiVersion', 'kind', 'metadata'].map((name) => [fieldElement(name)]),
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'clusterName',
    'generation',
    'managedFields',
    'resourceVersion',
  ].map((name) => [fieldElement('metadata'), fieldElement(name)]),
);

/**
 * True when the two differ in nothing but the times of managedFields: then the write changed nothing, and the object
 * stays as it is (apiserver pkg/endpoints/handlers/fieldmanager/equality.go).
 */
export function sameButForTimes(left: Unstructured, right: Unstructured): boolean {
  if (left === right) return true;
  const { metadata: leftMeta, ...leftRest } = left;
  const { metadata: rightMeta, ...rightRest } = right;
  const { managedFields: leftFields = [], ...leftOthers } = leftMeta;
  const { managedFields: rightFields = [], ...rightOthers } = rightMeta;
  return (
    sameEntries(leftFields, rightFields) &&
    deepEqual(leftOthers, rightOthers) &&
    deepEqual(leftRest, rightRest)
  );
}

function sameEntries(left: readonly unknown[], right: readonly unknown[]): boolean {
  return (
    left.length === right.length &&
    left.every((entry, index) => deepEqual(withoutTime(entry), withoutTime(right[index])))
  );
}

function withoutTime(entry: unknown): unknown {
  if (!isJsonObject(entry)) return entry;
  const { time: _time, ...rest } = entry;
  return rest;
}
