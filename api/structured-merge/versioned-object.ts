import type { Unstructured } from '../machinery/meta.ts';
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
export type InVersion = (from: VersionedObject, apiVersion: string) => VersionedObject | undefined;

/** Conversions within one write: as many entries as there may be, each object is converted once to a version. */
export function conversions(schemaOf: SchemaOf): InVersion {
  const known = new Map<Unstructured, Map<string, VersionedObject | undefined>>();
  return (from, apiVersion) => {
    if (from.apiVersion === apiVersion) return from;
    const schema = schemaOf(apiVersion);
    if (schema === undefined) return undefined;
    const versions = known.get(from.object) ?? new Map<string, VersionedObject | undefined>();
    known.set(from.object, versions);
    if (!versions.has(apiVersion)) versions.set(apiVersion, converted(from.object, apiVersion, schema));
    return versions.get(apiVersion);
  };
}

function converted(
  object: Unstructured,
  apiVersion: string,
  schema: MergeSchema,
): VersionedObject | undefined {
  const other = schema.prune({ ...object, apiVersion });
  return misfit(schema.type, other, { duplicates: true }) === undefined
    ? { apiVersion, schema, object: other }
    : undefined;
}
