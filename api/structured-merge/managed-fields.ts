import type { ObjectMeta, Unstructured } from '../machinery/meta.ts';
import { isJsonObject } from '../machinery/json/json.ts';
import type { JsonObject } from '../machinery/json/json.ts';
import { equalFieldSets } from './field-set.ts';
import type { FieldSet } from './field-set.ts';
import { readFieldsV1, fieldsV1Of } from './fields-v1.ts';
import { compareBytes } from '../machinery/byte-order.ts';

/** metadata.managedFields, read and written as apimachinery does (util/managedfields/internal/managedfields.go). */

/** What one manager owns, through one operation, version and subresource. */
export interface ManagerEntry {
  readonly manager: string;
  readonly applied: boolean;
  readonly apiVersion: string;
  readonly subresource: string;
  readonly set: FieldSet;
  readonly time: string | undefined;
  /** As it was read; written again when the set is the same. */
  readonly source: ReadEntry | undefined;
}

interface ReadEntry {
  readonly fieldsV1: unknown;
  readonly set: FieldSet;
}

/** By managerId. */
export type Managers = Map<string, ManagerEntry>;

export type Identity = Pick<ManagerEntry, 'apiVersion' | 'applied' | 'manager' | 'subresource'>;

/** An applier is the same in all versions. The text is upstream's, since managers are ordered by it. */
export function managerId({ manager, applied, apiVersion, subresource }: Identity): string {
  return JSON.stringify({
    ...(manager !== '' && { manager }),
    operation: applied ? 'Apply' : 'Update',
    ...(!applied && { apiVersion }),
    ...(subresource !== '' && { subresource }),
  });
}

/** Undefined when there are none, or when they are not what meta/v1 has. */
export function entriesOf(object: Unstructured | undefined): JsonObject[] | undefined {
  const entries = object?.metadata?.managedFields;
  if (!Array.isArray(entries) || !entries.every(isEntry)) return undefined;
  return entries;
}

const TEXT_FIELDS = ['manager', 'operation', 'apiVersion', 'fieldsType', 'subresource'];

function isEntry(entry: unknown): entry is JsonObject {
  if (!isJsonObject(entry)) return false;
  const { time } = entry;
  return (
    TEXT_FIELDS.every((name) => entry[name] === undefined || typeof entry[name] === 'string') &&
    (time === undefined || time === null || (typeof time === 'string' && !Number.isNaN(Date.parse(time))))
  );
}

/** A client that wants managedFields to be forgotten writes `[]` or `[{}]`. */
export function asksForReset(entries: readonly JsonObject[]): boolean {
  const [first] = entries;
  return first === undefined || (entries.length === 1 && Object.values(first).every(isZero));
}

const isZero = (value: unknown): boolean => value === undefined || value === null || value === '';

/** Undefined when one of them cannot be read. */
export function readManagers(entries: readonly JsonObject[]): Managers | undefined {
  const managers: Managers = new Map();
  try {
    for (const entry of entries) {
      const read = readEntry(entry);
      managers.set(managerId(read), read);
    }
  } catch {
    return undefined;
  }
  return managers;
}

function readEntry(entry: JsonObject): ManagerEntry {
  const { manager = '', operation, apiVersion, fieldsType, subresource = '', time, fieldsV1 } = entry;
  if (operation !== 'Apply' && operation !== 'Update') throw new Error('operation must be Apply or Update');
  if (typeof apiVersion !== 'string' || apiVersion === '') throw new Error('apiVersion must not be empty');
  if (fieldsType !== 'FieldsV1') throw new Error('fieldsType must be FieldsV1');
  const { set, canonical } = readFieldsV1(fieldsV1 ?? {});
  return {
    manager: String(manager),
    applied: operation === 'Apply',
    apiVersion,
    subresource: String(subresource),
    set,
    time: typeof time === 'string' ? time : undefined,
    source: canonical ? { fieldsV1, set } : undefined,
  };
}

/** `object` with these managers as its managedFields, in upstream's order. */
export function withManagers(object: Unstructured, managers: Managers): Unstructured {
  return withEntries(object, [...managers.values()].sort(inOrder).map(writtenEntry));
}

export function withEntries(object: Unstructured, managedFields: unknown[] | undefined): Unstructured {
  const { managedFields: _replaced, ...metadata } = object.metadata;
  const kept: ObjectMeta = metadata;
  if (managedFields !== undefined && managedFields.length > 0) kept.managedFields = managedFields;
  return { ...object, metadata: kept };
}

function writtenEntry({ source, ...entry }: ManagerEntry): JsonObject {
  const reused =
    source !== undefined && isJsonObject(source.fieldsV1) && equalFieldSets(source.set, entry.set);
  return {
    ...(entry.manager !== '' && { manager: entry.manager }),
    operation: entry.applied ? 'Apply' : 'Update',
    apiVersion: entry.apiVersion,
    ...(entry.time !== undefined && { time: entry.time }),
    fieldsType: 'FieldsV1',
    fieldsV1: reused ? source.fieldsV1 : fieldsV1Of(entry.set),
    ...(entry.subresource !== '' && { subresource: entry.subresource }),
  };
}

/** Seconds since 1970; 0 for an entry without a time. */
export function secondsOf({ time }: ManagerEntry): number {
  return time === undefined ? 0 : Math.floor(Date.parse(time) / 1000);
}

function inOrder(left: ManagerEntry, right: ManagerEntry): number {
  if (left.applied !== right.applied) return left.applied ? -1 : 1;
  return (
    secondsOf(left) - secondsOf(right) ||
    compareBytes(left.manager, right.manager) ||
    compareBytes(left.apiVersion, right.apiVersion) ||
    compareBytes(left.subresource, right.subresource)
  );
}
