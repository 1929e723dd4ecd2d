import type { Unstructured } from '#api/machinery/meta';
import { applyMergePatch } from '#api/machinery/merge-patch';
import { deepEqual } from '#api/schema/deep-equal';
import type { MergeSchema } from './merge-schema.ts';

export interface ManagedWrite {
  /** The state before in the version of the request, managedFields included; undefined when it does not exist yet. */
  live: Unstructured | undefined;
  /** At most 128 bytes, printable: the caller sees to it. */
  manager: string;
  subresource: '' | 'scale' | 'status';
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

/** `next` with metadata.managedFields as they are after it. */
export function trackUpdate({ live, next }: UpdateWrite): Unstructured {
  const managedFields = live?.metadata.managedFields;
  const { managedFields: _asked, ...metadata } = next.metadata;
  return { ...next, metadata: { ...metadata, ...(managedFields !== undefined && { managedFields }) } };
}

/**
 * The merge of live with the applied configuration, managedFields included; the caller defaults, validates and stores it.
 * @throws StatusError Conflict with a cause for each field; 500 for a configuration that does not fit the schema
 */
export function applyConfiguration({ live, configuration }: ApplyWrite): Unstructured {
  return live === undefined ? configuration : applyMergePatch(live, configuration);
}

/** True when the two differ in nothing but the times of managedFields. */
export function sameButForTimes(a: Unstructured, b: Unstructured): boolean {
  return deepEqual(withoutTimes(a), withoutTimes(b));
}

function withoutTimes(object: Unstructured): Unstructured {
  const managedFields = object.metadata.managedFields?.map((entry) => ({ ...(entry as object), time: '' }));
  return { ...object, metadata: { ...object.metadata, managedFields: managedFields ?? [] } };
}
