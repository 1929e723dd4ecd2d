import { badRequest } from '../machinery/status-error.ts';
import { formatPath } from './field-path.ts';
import type { FieldPath } from './field-path.ts';
import { META_FIELD_NAMES } from './object-meta.ts';
import { isJsonObject } from '../machinery/json/json.ts';
import type { JsonObject } from '../machinery/json/json.ts';
import type { StructuralSchema } from '../structural-schema/structural-schema.ts';

/**
 * Pruning (apiextensions-apiserver pkg/apiserver/schema/pruning): fields without a schema go, unless the node says
 * x-kubernetes-preserve-unknown-fields. A value of the wrong type stays as it is, so that validation can name it, but loses its fields.
 */
type Pruner = (value: unknown, unknown: UnknownFields) => unknown;

interface UnknownFields {
  at: FieldPath;
  found: string[];
}

/** Deeper nesting could exhaust the stack; kube-apiserver's decoder stops at 10,000, we do at what no manifest needs. */
const MAX_DEPTH = 500;

/** The pruner of a whole object; adds the paths of the fields it leaves out to `unknownFields`. */
export function compilePruner(
  schema: StructuralSchema,
  { metadata = pruneMetadata }: { metadata?: Pruner } = {},
): (object: unknown, unknownFields: string[]) => unknown {
  const prune = compileNode(schema, metadata);
  return (object, found) => prune(object, { at: [], found });
}

function compileNode(schema: StructuralSchema, metadata: Pruner): Pruner {
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;
  // What has no schema goes, within items too; below a node that keeps all, it stays.
  const unspecified = preserves ? keepAll : dropAll;
  const items = schema.items === undefined ? unspecified : compileItems(schema.items, preserves, metadata);
  const fields = compileFields(schema, metadata);
  return (value, unknown) => {
    if (Array.isArray(value)) return pruneItems(value, items, unknown);
    return isJsonObject(value) ? pruneFields(value, fields, unknown) : value;
  };
}

/** Items of a list that keeps unknown fields keep theirs, too (pruning/algorithm.go skipPrune). */
function compileItems(items: StructuralSchema, preserves: boolean, metadata: Pruner): Pruner {
  const schema = preserves ? { ...items, 'x-kubernetes-preserve-unknown-fields': true } : items;
  return compileNode(schema, metadata);
}

interface Fields {
  known: Map<string, Pruner>;
  /** For a field that is not known; undefined leaves it out. */
  other: Pruner | undefined;
}

function compileFields(schema: StructuralSchema, metadata: Pruner): Fields {
  const known = new Map<string, Pruner>();
  for (const [name, child] of Object.entries(schema.properties ?? {}))
    known.set(name, compileNode(child, metadata));
  if (schema['x-kubernetes-embedded-resource'] === true)
    known.set('apiVersion', keepAll).set('kind', keepAll).set('metadata', metadata);
  return { known, other: compileOther(schema, metadata) };
}

function compileOther(schema: StructuralSchema, metadata: Pruner): Pruner | undefined {
  const { additionalProperties } = schema;
  if (typeof additionalProperties === 'object') return compileNode(additionalProperties, metadata);
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (preserves) return keepAll;
  return additionalProperties === undefined ? undefined : dropAll;
}

function pruneFields(object: JsonObject, fields: Fields, unknown: UnknownFields): JsonObject {
  let result = object;
  for (const name of Object.keys(object)) {
    // An assignment through this name would change a prototype somewhere: it is never a field of ours.
    const prune = name === '__proto__' ? undefined : (fields.known.get(name) ?? fields.other);
    const value = object[name];
    unknown.at.push(name);
    if (prune === undefined) {
      unknown.found.push(formatPath(unknown.at));
      if (result === object) result = { ...object };
      delete result[name];
    } else {
      const pruned = prune(value, unknown);
      if (pruned !== value) {
        if (result === object) result = { ...object };
        result[name] = pruned;
      }
    }
    unknown.at.pop();
  }
  return result;
}

function pruneItems(array: unknown[], prune: Pruner, unknown: UnknownFields): unknown[] {
  let result = array;
  for (const [index, value] of array.entries()) {
    unknown.at.push(index);
    const pruned = prune(value, unknown);
    unknown.at.pop();
    if (pruned === value) continue;
    if (result === array) result = [...array];
    result[index] = pruned;
  }
  return result;
}

const NONE: Fields = { known: new Map(), other: undefined };

/** A value without a schema: an object loses its fields. */
function dropAll(value: unknown, unknown: UnknownFields): unknown {
  if (Array.isArray(value)) return keepDepth(unknown) && pruneItems(value, dropAll, unknown);
  return isJsonObject(value) ? pruneFields(value, NONE, unknown) : value;
}

const FREE: Fields = { known: new Map(), other: (value, unknown) => keepAll(value, unknown) };

/** Anything goes, but for what could do harm: names of prototypes and nesting without end. */
export function keepAll(value: unknown, unknown: UnknownFields): unknown {
  if (typeof value !== 'object' || value === null) return value;
  keepDepth(unknown);
  return Array.isArray(value)
    ? pruneItems(value, keepAll, unknown)
    : pruneFields(value as JsonObject, FREE, unknown);
}

/** The metadata of a resource has the fields of ObjectMeta (pkg/apiserver/schema/objectmeta Coerce). */
function pruneMetadata(value: unknown, unknown: UnknownFields): unknown {
  if (!isJsonObject(value)) return keepAll(value, unknown);
  keepDepth(unknown);
  return pruneFields(value, META, unknown);
}

const META: Fields = { known: new Map(META_FIELD_NAMES.map((name) => [name, keepAll])), other: undefined };

/** @throws StatusError BadRequest */
function keepDepth({ at }: UnknownFields): true {
  if (at.length > MAX_DEPTH) throw badRequest(`the object is nested more than ${MAX_DEPTH} levels deep`);
  return true;
}
