import { compileSource } from '../cel/compiling/compile-source.ts';
import { BOOL, DOUBLE, DYN, INT, STRING, listOf, mapOf, objectType } from '../cel/language/cel-type.ts';
import type { CelType } from '../cel/language/cel-type.ts';
import { fail } from '../cel/values/evaluation-error.ts';
import { escapeName, unescapeName } from '../cel/values/field-name.ts';
import { jsonValue } from '../cel/values/json-value.ts';
import { CelList, JsonMap, isMap } from '../cel/values/value.ts';
import type { Convert, Value } from '../cel/values/value.ts';
import { fieldsOf, isJsonObject } from '../machinery/json/json.ts';

/**
 * CEL over JSON values, for objects that hold expressions: types are checked when the object is written, values are
 * converted when they are looked at. No expression can do anything but work out a value, in bounded time.
 */

/** The type of a JSON value; `any` is one that only shows when there is a value. */
export type ValueType =
  | 'any'
  | 'bool'
  | 'int'
  | 'number'
  | 'string'
  | { listOf: ValueType }
  | { mapOf: ValueType }
  | { fields: Readonly<Record<string, ValueType>> };

export interface Expression {
  /** Of the result. */
  type: ValueType;
  /**
   * @param values JSON, by the names of the variables; an absent one is null
   * @throws ExpressionFailure where the expression has no value, or takes too long
   */
  evaluate(values: Readonly<Record<string, unknown>>): unknown;
}

/** An expression came to no value; the message says why, in the words of CEL. */
export class ExpressionFailure extends Error {}

/** The bound on work that costs hardly count, as for rules of a CustomResourceDefinition. */
const WORK = 10_000_000;

/** The expression, or a text that says what is wrong with it. */
export function compileExpression(
  source: string,
  variables: Readonly<Record<string, ValueType>>,
): Expression | string {
  const declared = Object.entries(variables);
  const compiled = compileSource(source, new Map(declared.map(([name, type]) => [name, celType(type)])));
  if (typeof compiled === 'string') return compiled;
  const converters = declared.map(([name, type]) => [name, converterOf(type)] as const);
  return {
    type: valueType(compiled.checked.type),
    evaluate(values) {
      const given = converters.map(([name, convert]) => convert(values[name] ?? null));
      const { value, error } = compiled.run(given, WORK);
      if (value === undefined) throw new ExpressionFailure(error ?? 'no value');
      return toJson(value);
    },
  };
}

/** The type of the values that fit a JSON Schema, as far as it says one. */
export function valueTypeOf(schema: unknown): ValueType {
  const { type, properties, items, additionalProperties } = fieldsOf(schema);
  switch (type) {
    case 'object':
      if (isJsonObject(properties)) {
        const fields = Object.entries(properties).map(([name, child]) => [name, valueTypeOf(child)] as const);
        return { fields: Object.fromEntries(fields) };
      }
      return { mapOf: isJsonObject(additionalProperties) ? valueTypeOf(additionalProperties) : 'any' };
    case 'array':
      return { listOf: valueTypeOf(items) };
    case 'string':
      return 'string';
    case 'integer':
      return 'int';
    case 'number':
      return 'number';
    case 'boolean':
      return 'bool';
    default:
      return 'any';
  }
}

/** For people: `list(string)`. */
export function showType(type: ValueType): string {
  if (typeof type === 'string') return type;
  if ('listOf' in type) return `list(${showType(type.listOf)})`;
  return 'mapOf' in type ? `map(string, ${showType(type.mapOf)})` : 'object';
}

const SCALARS = { any: DYN, bool: BOOL, int: INT, number: DOUBLE, string: STRING } as const;

function celType(type: ValueType): CelType {
  if (typeof type === 'string') return SCALARS[type];
  if ('listOf' in type) return listOf(celType(type.listOf));
  if ('mapOf' in type) return mapOf(STRING, celType(type.mapOf));
  const fields = Object.entries(type.fields).flatMap(([name, child]): [string, CelType][] => {
    const field = fieldName(name);
    return field === undefined ? [] : [[field, celType(child)]];
  });
  return objectType('object', new Map(fields));
}

/**
 * The name of a field in an expression: as it is where that is an identifier, else escaped as in rules of a
 * CustomResourceDefinition; undefined where CEL has no way to write it. Reserved words are no trouble after a dot.
 */
const fieldName = (name: string): string | undefined =>
  /^[A-Za-z_]\w*$/.test(name) ? name : escapeName(name);

function valueType({ kind, params, fields }: CelType): ValueType {
  switch (kind) {
    case 'bool':
    case 'int':
    case 'string':
      return kind;
    case 'double':
      return 'number';
    case 'list':
      return { listOf: params[0] === undefined ? 'any' : valueType(params[0]) };
    case 'map':
      return { mapOf: params[1] === undefined ? 'any' : valueType(params[1]) };
    case 'object':
      if (fields === undefined) return 'any';
      return {
        fields: Object.fromEntries(
          [...fields].map(([name, child]) => [unescapeName(name) ?? name, valueType(child)] as const),
        ),
      };
    default:
      return 'any';
  }
}

function converterOf(type: ValueType): Convert {
  if (type === 'any') return jsonValue;
  if (typeof type === 'string') return (raw) => scalar(raw, type);
  if ('listOf' in type) {
    const convert = converterOf(type.listOf);
    return (raw) => (Array.isArray(raw) ? new CelList(raw, convert) : fail(mismatch('a list', raw)));
  }
  const converters = 'fields' in type ? fieldConverters(type.fields) : undefined;
  const convertAny = 'mapOf' in type ? converterOf(type.mapOf) : undefined;
  const shape = {
    isObject: converters !== undefined,
    convert: (property: string) => converters?.get(property) ?? convertAny,
  };
  return (raw) => (isJsonObject(raw) ? new JsonMap(raw, shape) : fail(mismatch('an object', raw)));
}

function fieldConverters(fields: Readonly<Record<string, ValueType>>): Map<string, Convert> {
  return new Map(Object.entries(fields).map(([name, type]) => [name, converterOf(type)]));
}

function scalar(raw: unknown, type: 'bool' | 'int' | 'number' | 'string'): Value {
  if (type === 'bool' && typeof raw === 'boolean') return raw;
  if (type === 'string' && typeof raw === 'string') return raw;
  if (type === 'number' && typeof raw === 'number') return raw;
  if (type === 'int' && typeof raw === 'number' && Number.isInteger(raw)) return BigInt(raw);
  return fail(mismatch(`of type ${type}`, raw));
}

function mismatch(expected: string, raw: unknown): string {
  const found = Array.isArray(raw) ? 'a list' : raw === null ? 'null' : `of type ${typeof raw}`;
  return `a value is not ${expected}: it is ${found}`;
}

/** @throws ExpressionFailure for a value that JSON does not have */
function toJson(value: Value): unknown {
  if (value === null || ['boolean', 'number', 'string'].includes(typeof value)) return value;
  if (typeof value === 'bigint') return toNumber(value);
  if (value instanceof CelList) return [...value].map(toJson);
  if (isMap(value))
    return Object.fromEntries(
      [...value.keys()].map((key) => [keyText(key), toJson(value.find(key) ?? null)]),
    );
  throw new ExpressionFailure('the result is no JSON value; convert it with string()');
}

function toNumber(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new ExpressionFailure(`${value} is too large`);
  return number;
}

function keyText(key: Value): string {
  if (typeof key === 'string') return key;
  throw new ExpressionFailure('the keys of a map have to be texts');
}
