import { compilePruner } from './prune.ts';
import { isJsonObject } from '../machinery/json/json.ts';
import type { JsonObject } from '../machinery/json/json.ts';
import type { StructuralSchema } from '../structural-schema/structural-schema.ts';

/**
 * Defaulting (apiextensions-apiserver pkg/apiserver/schema/defaulting): an absent field gets its default, and so
 * does a null where null is not allowed; a null without a default goes. Defaults within a default apply too.
 */
type Defaulter = (value: unknown) => unknown;

/** The defaulter of a whole object. */
export function compileDefaults(schema: StructuralSchema): (object: JsonObject) => unknown {
  return compileNode(schema) ?? ((object) => object);
}

interface Field {
  name: string;
  /** The default, complete with the defaults within it; undefined for none. */
  value: unknown;
  applyDefaults: Defaulter | undefined;
  dropsNull: boolean;
}

interface Others extends Omit<Field, 'name'> {
  known: Set<string>;
}

/** Undefined when nothing below the node has a default and no null has to go: the walk need not go there. */
function compileNode(schema: StructuralSchema): Defaulter | undefined {
  const fields = Object.entries(schema.properties ?? {}).map(([name, child]) =>
    Object.assign({ name }, compileField(child)),
  );
  const others = compileOthers(schema);
  const items = schema.items === undefined ? undefined : compileField(schema.items);
  if (
    fields.length === 0 &&
    others === undefined &&
    items?.applyDefaults === undefined &&
    items?.value === undefined
  )
    return undefined;
  return (value) => {
    if (Array.isArray(value)) return items === undefined ? value : fillItems(value, items);
    if (!isJsonObject(value)) return value;
    const filled = fillFields(value, fields);
    return others === undefined ? filled : fillOthers(filled, others);
  };
}

function compileField(schema: StructuralSchema): Omit<Field, 'name'> {
  return {
    value: schema.default === undefined ? undefined : completeDefault(pruned(schema), schema),
    applyDefaults: compileNode(schema),
    dropsNull: schema.nullable !== true,
  };
}

function compileOthers(schema: StructuralSchema): Others | undefined {
  if (typeof schema.additionalProperties !== 'object') return undefined;
  return {
    known: new Set(Object.keys(schema.properties ?? {})),
    ...compileField(schema.additionalProperties),
  };
}

/** A default may hold no more than the schema knows (defaulting/prune.go). */
const pruned = (schema: StructuralSchema): unknown => compilePruner(schema)(schema.default, []);

/** Made once per schema. A null within a default is kept unless it has a default itself. */
function completeDefault(value: unknown, schema: StructuralSchema): unknown {
  if (Array.isArray(value))
    return value.map((item: unknown) =>
      schema.items === undefined ? item : completedBy(item, schema.items),
    );
  if (!isJsonObject(value)) return value;
  const { properties = {}, additionalProperties } = schema;
  const present = Object.entries(value).map(([name, one]): [string, unknown] => {
    const child = Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
    return [name, typeof child === 'object' ? completedBy(one, child) : one];
  });
  const absent = Object.entries(properties)
    .filter(([name, child]) => child.default !== undefined && !Object.hasOwn(value, name))
    .map(([name, child]): [string, unknown] => [name, completeDefault(child.default, child)]);
  return Object.fromEntries([...present, ...absent]);
}

function completedBy(value: unknown, schema: StructuralSchema): unknown {
  const replaced = value === null && schema.nullable !== true && schema.default !== undefined;
  return completeDefault(replaced ? schema.default : value, schema);
}

/** Every object gets a default of its own, or a later change of one would be a change of all. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, copyOf(one)]));
}

function fillFields(object: JsonObject, fields: Field[]): JsonObject {
  let result = object;
  const change = (): JsonObject => (result === object ? (result = { ...object }) : result);
  for (const field of fields) {
    const value = Object.hasOwn(object, field.name) ? object[field.name] : undefined;
    if (value === undefined || (value === null && field.dropsNull)) {
      if (field.value !== undefined) change()[field.name] = copyOf(field.value);
      else if (value === null) delete change()[field.name];
      continue;
    }
    const filled = field.applyDefaults?.(value) ?? value;
    if (filled !== value) change()[field.name] = filled;
  }
  return result;
}

function fillOthers(object: JsonObject, others: Others): JsonObject {
  let result = object;
  for (const [name, value] of Object.entries(object)) {
    if (others.known.has(name)) continue;
    const filled = filledValue(value, others);
    if (filled === value) continue;
    if (result === object) result = { ...object };
    if (filled === undefined) delete result[name];
    else result[name] = filled;
  }
  return result;
}

/** Undefined for a null that has to go. */
function filledValue(value: unknown, field: Omit<Field, 'name'>): unknown {
  if (value === null && field.dropsNull) return copyOf(field.value);
  return field.applyDefaults?.(value) ?? value;
}

/** A null among items stays where it is, unless there is a default for it. */
function fillItems(array: unknown[], items: Omit<Field, 'name'>): unknown[] {
  const result = array.map((item) => filledValue(item, items) ?? null);
  return result.some((value, index) => value !== array[index]) ? result : array;
}
