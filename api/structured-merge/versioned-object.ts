import type { Unstructured } from '#api/machinery/meta';
import { misfit } from './check-fit.ts';
import type { MergeSchema } from './merge-schema.ts';

/** An object in one of the versions of its kind. */
export interface VersionedObject {
  apiVersion: string;
  schema: MergeSchema;
  object: Unstructured;
}

/** The schema of a version of the kind; undefined when it is not served. */
export type SchemaOf = (apiVersion: string) => MergeSchema | undefined;

/**
 * The object in another version (apimachinery util/managedfields/internal/versionconverter.go); undefined when that is
 * not served, or the object does not fit it: kube-apiserver answers 500 then, and when a list has duplicate items.
 */
export function inVersion(
  from: VersionedObject,
  apiVersion: string,
  schemaOf: SchemaOf,
): VersionedObject | undefined {
  if (from.apiVersion === apiVersion) return from;
  const schema = schemaOf(apiVersion);
  if (schema === undefined) return undefined;
  const object = schema.prune({ ...from.object, apiVersion });
  return misfit(schema.type, object, { duplicates: true }) === undefined
    ? { apiVersion, schema, object }
    : undefined;
}
