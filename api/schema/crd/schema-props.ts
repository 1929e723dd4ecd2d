import type { StatusCause } from '../../machinery/status-error.ts';
import { invalidType } from '../../structural-schema/field-error.ts';
import { isJsonObject } from '../../machinery/json/json.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import type { StructuralSchema } from '../../structural-schema/structural-schema.ts';
import { jsonType } from '../value-checks.ts';

/** apiextensions.k8s.io/v1 JSONSchemaProps: a structural schema and the keywords that are refused in words of their own. */
export interface SchemaProps extends Omit<StructuralSchema, SubSchemas> {
  id?: string;
  $ref?: string;
  $schema?: string;
  allOf?: SchemaProps[];
  anyOf?: SchemaProps[];
  oneOf?: SchemaProps[];
  not?: SchemaProps;
  properties?: Record<string, SchemaProps>;
  additionalProperties?: SchemaProps | boolean;
  items?: SchemaProps | SchemaProps[];
  patternProperties?: Record<string, SchemaProps>;
  definitions?: Record<string, SchemaProps>;
  dependencies?: JsonObject;
  additionalItems?: SchemaProps | boolean;
}

type SubSchemas = 'additionalProperties' | 'allOf' | 'anyOf' | 'items' | 'not' | 'oneOf' | 'properties';

export interface Reading {
  causes: StatusCause[];
  /** Takes the paths of keywords that are none. */
  unknown?: string[];
  /** Of the value that is being read. */
  at: string;
}

type Reader = (value: unknown, reading: Reading) => unknown;

const below = (reading: Reading, step: string): Reading => ({ ...reading, at: `${reading.at}${step}` });

function scalar(expected: string, fits: (value: unknown) => boolean): Reader {
  return (value, { causes, at }) => {
    if (!fits(value)) causes.push(invalidType(at, expected, jsonType(value)));
    return value;
  };
}

const text = scalar('string', (value) => typeof value === 'string');
const flag = scalar('boolean', (value) => typeof value === 'boolean');
const number = scalar('number', (value) => typeof value === 'number' || typeof value === 'bigint');
const whole = scalar('integer', (value) => typeof value === 'bigint' || Number.isSafeInteger(value));
const list = scalar('array', Array.isArray);
const object = scalar('object', isJsonObject);
const anything: Reader = (value) => value;

function listOf(item: Reader): Reader {
  return (value, reading) =>
    Array.isArray(value)
      ? value.map((one, index) => item(one, below(reading, `[${index}]`)))
      : list(value, reading);
}

function mapOf(item: Reader): Reader {
  return (value, reading) => {
    if (!isJsonObject(value)) return object(value, reading);
    const entries = Object.entries(value).filter(([name]) => name !== '__proto__');
    return Object.fromEntries(entries.map(([name, one]) => [name, item(one, below(reading, `.${name}`))]));
  };
}

const schema: Reader = (value, reading) => readSchema(value, reading);
const schemaOrFlag: Reader = (value, reading) =>
  typeof value === 'boolean' ? value : schema(value, reading);
const schemaOrList: Reader = (value, reading) =>
  Array.isArray(value) ? listOf(schema)(value, reading) : schema(value, reading);

const KEYWORDS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ...['id', '$schema', '$ref', 'description', 'type', 'format', 'title', 'pattern'].map(pair(text)),
  ...['x-kubernetes-list-type', 'x-kubernetes-map-type'].map(pair(text)),
  ...['maximum', 'minimum', 'multipleOf'].map(pair(number)),
  ...['maxLength', 'minLength', 'maxItems', 'minItems', 'maxProperties', 'minProperties'].map(pair(whole)),
  ...['exclusiveMaximum', 'exclusiveMinimum', 'uniqueItems', 'nullable'].map(pair(flag)),
  ...['preserve-unknown-fields', 'embedded-resource', 'int-or-string']
    .map((name) => `x-kubernetes-${name}`)
    .map(pair(flag)),
  ...['required', 'x-kubernetes-list-map-keys'].map(pair(listOf(text))),
  ...['allOf', 'anyOf', 'oneOf'].map(pair(listOf(schema))),
  ...['properties', 'patternProperties', 'definitions'].map(pair(mapOf(schema))),
  ...['additionalProperties', 'additionalItems'].map(pair(schemaOrFlag)),
  ...['default', 'example'].map(pair(anything)),
  ...['dependencies', 'externalDocs'].map(pair(object)),
  ['enum', list],
  ['not', schema],
  ['items', schemaOrList],
  ['x-kubernetes-validations', listOf(readRule)],
]);

function pair(reader: Reader): (name: string) => [string, Reader] {
  return (name) => [name, reader];
}

/** What a client sent as a schema, without the keywords that are none and without nulls, as Go decodes it. */
export function readSchema(value: unknown, reading: Reading): SchemaProps {
  if (!isJsonObject(value)) {
    object(value, reading);
    return {};
  }
  const result: JsonObject = {};
  for (const [name, one] of Object.entries(value)) {
    const reader = KEYWORDS.get(name);
    if (reader === undefined) reading.unknown?.push(`${reading.at}.${name}`);
    else if (one !== null && !isLeftOut(name, reader, one))
      result[name] = reader(one, below(reading, `.${name}`));
  }
  return result;
}

/** Behind pointers in Go, where an empty value is one. */
const POINTERS = new Set(['additionalProperties', 'default', 'example', 'items']);
const MAPS = new Set(['properties', 'patternProperties', 'definitions', 'dependencies']);

/** Go leaves out empty texts, lists and maps, and most of what is false (the omitempty of JSONSchemaProps). */
function isLeftOut(name: string, reader: Reader, value: unknown): boolean {
  if (POINTERS.has(name)) return false;
  if (value === '') return reader === text;
  if (value === false) return reader === flag && name !== 'x-kubernetes-preserve-unknown-fields';
  if (Array.isArray(value)) return value.length === 0;
  return MAPS.has(name) && isJsonObject(value) && Object.keys(value).length === 0;
}

const RULE: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ...['rule', 'message', 'messageExpression', 'reason', 'fieldPath'].map(pair(text)),
  ['optionalOldSelf', flag],
]);

function readRule(value: unknown, reading: Reading): unknown {
  if (!isJsonObject(value)) return object(value, reading);
  const result: JsonObject = { rule: '' };
  for (const [name, one] of Object.entries(value)) {
    const reader = RULE.get(name);
    if (reader === undefined) reading.unknown?.push(`${reading.at}.${name}`);
    else if (one !== null) result[name] = reader(one, below(reading, `.${name}`));
  }
  return result;
}

/** Whether a schema, or one within it, is so. */
export function someSchema(one: SchemaProps, is: (schema: SchemaProps) => boolean): boolean {
  return is(one) || subSchemas(one).some((child) => someSchema(child, is));
}

function subSchemas(one: SchemaProps): SchemaProps[] {
  const { allOf = [], anyOf = [], oneOf = [], items = [], properties = {}, additionalProperties, not } = one;
  return [
    ...[items].flat(),
    ...allOf,
    ...anyOf,
    ...oneOf,
    ...(not === undefined ? [] : [not]),
    ...Object.values(properties),
    ...(typeof additionalProperties === 'object' ? [additionalProperties] : []),
  ];
}

/** Keywords of JSON Schema that definitions may not use: no structural schema can be made of them. */
export const UNSUPPORTED_KEYWORDS = [
  'id',
  'additionalItems',
  'patternProperties',
  'definitions',
  'dependencies',
  '$ref',
] as const;
