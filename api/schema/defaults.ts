import { isJsonObject } from './structural-schema.ts';
import type { JsonObject, StructuralSchema } from './structural-schema.ts';

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
  /** A new copy of the default, complete with the defaults within it. */
  makeDefault: (() => unknown) | undefined;
  applyDefaults: Defaulter | undefined;
  dropsNull: boolean;
}

interface Others {
  known: Set<string>;
  applyDefaults: Defaulter | undefined;
  dropsNull: boolean;
}

/** Undefined when nothing below the node has a default and no null has to go: the walk need not go there. */
function compileNode(schema: StructuralSchema): Defaulter | undefined {
  const fields = Object.entries(schema.properties ?? {}).map(([name, child]) => compileField(name, child));
  const others = compileOthers(schema);
  const items = schema.items === undefined ? undefined : compileNode(schema.items);
  if (fields.length === 0 && others === undefined && items === undefined) return undefined;
  return (value) => {
    if (Array.isArray(value)) return items === undefined ? value : mapItems(value, items);
    if (!isJsonObject(value)) return value;
    const filled = fillFields(value, fields);
    return others === undefined ? filled : fillOthers(filled, others);
  };
}

function compileField(name: string, schema: StructuralSchema): Field {
  const applyDefaults = compileNode(schema);
  const { default: value } = schema;
  const makeDefault = (): unknown => {
    const copy: unknown = structuredClone(value);
    return applyDefaults === undefined ? copy : applyDefaults(copy);
  };
  return {
    name,
    applyDefaults,
    makeDefault: value === undefined ? undefined : makeDefault,
    dropsNull: isNonNullable(schema),
  };
}

function compileOthers(schema: StructuralSchema): Others | undefined {
  if (typeof schema.additionalProperties !== 'object') return undefined;
  return {
    known: new Set(Object.keys(schema.properties ?? {})),
    applyDefaults: compileNode(schema.additionalProperties),
    dropsNull: isNonNullable(schema.additionalProperties),
  };
}

/** A node without a type that keeps everything takes null as a value, too. */
function isNonNullable(schema: StructuralSchema): boolean {
  const free = schema.type === undefined && schema['x-kubernetes-preserve-unknown-fields'] === true;
  return schema.nullable !== true && !free;
}

function fillFields(object: JsonObject, fields: Field[]): JsonObject {
  let result = object;
  const change = (): JsonObject => (result === object ? (result = { ...object }) : result);
  for (const field of fields) {
    const value = Object.hasOwn(object, field.name) ? object[field.name] : undefined;
    if (value === undefined || (value === null && field.dropsNull)) {
      if (field.makeDefault !== undefined) change()[field.name] = field.makeDefault();
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
    const drops = value === null && others.dropsNull;
    const filled = drops ? undefined : (others.applyDefaults?.(value) ?? value);
    if (filled === value) continue;
    if (result === object) result = { ...object };
    if (drops) delete result[name];
    else result[name] = filled;
  }
  return result;
}

function mapItems(array: unknown[], applyDefaults: Defaulter): unknown[] {
  const result = array.map(applyDefaults);
  return result.some((value, index) => value !== array[index]) ? result : array;
}
