import { MAX_REQUEST_BYTES } from '../../machinery/max-request-bytes.ts';
import type { StructuralSchema } from '../../structural-schema/structural-schema.ts';
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  STRING,
  TIMESTAMP,
  listOf,
  mapOf,
  objectType,
} from '../language/cel-type.ts';
import type { CelType } from '../language/cel-type.ts';
import { escapeName } from '../values/field-name.ts';

/** The CEL type of a schema, and how large its values may be (apiserver pkg/cel/common/schemas.go). */
export interface DeclaredType {
  readonly type: CelType;
  /** The most elements of a list or map, or bytes of a string, that a request has room for. */
  readonly maxElements: number;
  /** The least bytes of JSON. */
  readonly minSize: number;
  readonly key?: DeclaredType;
  readonly item?: DeclaredType;
  readonly fields?: ReadonlyMap<string, DeclaredType>;
}

const scalar = (type: CelType, minSize: number, maxElements = 0): DeclaredType => ({
  type,
  minSize,
  maxElements,
});

/** Undefined for what rules cannot reach: values without a declared type. */
export function declaredType(schema: StructuralSchema, isResource: boolean): DeclaredType | undefined {
  if (schema['x-kubernetes-int-or-string'] === true)
    return scalar(
      DYN,
      1,
      schema.maxLength === undefined ? MAX_REQUEST_BYTES - 2 : atLeastZero(schema.maxLength) * 4,
    );
  const whole = isResource ? withResourceFields(schema) : schema;
  switch (whole.type) {
    case 'array':
      return declaredList(whole);
    case 'object':
      return declaredObject(whole);
    case 'string':
      return declaredString(whole);
    case 'boolean':
      return scalar(BOOL, 4);
    case 'number':
      return scalar(DOUBLE, 1);
    case 'integer':
      return scalar(INT, 1);
    default:
      return undefined;
  }
}

const isResource = (schema: StructuralSchema): boolean => schema['x-kubernetes-embedded-resource'] === true;
const atLeastZero = (value: number): number => Math.max(0, value);

function declaredList(schema: StructuralSchema): DeclaredType | undefined {
  const item = schema.items === undefined ? undefined : declaredType(schema.items, isResource(schema.items));
  if (item === undefined) return undefined;
  const maxElements =
    schema.maxItems === undefined
      ? Math.floor((MAX_REQUEST_BYTES - 2) / (item.minSize + 1))
      : atLeastZero(schema.maxItems);
  return { type: listOf(item.type), maxElements, minSize: 2, item };
}

function declaredObject(schema: StructuralSchema): DeclaredType | undefined {
  const { additionalProperties } = schema;
  if (typeof additionalProperties === 'object') return declaredMap(schema, additionalProperties);
  const fields = new Map<string, DeclaredType>();
  const required = new Set(schema.required);
  let minSize = 2;
  for (const [property, child] of Object.entries(schema.properties ?? {})) {
    const escaped = escapeName(property);
    const field = declaredType(child, isResource(child));
    if (field === undefined) continue;
    if (escaped !== undefined) fields.set(escaped, field);
    if (required.has(property) && child.default === undefined)
      minSize += Buffer.byteLength(property) + field.minSize + 4;
  }
  const types = new Map([...fields].map(([field, { type }]) => [field, type]));
  return { type: objectType('object', types), maxElements: 0, minSize, fields };
}

function declaredMap(schema: StructuralSchema, values: StructuralSchema): DeclaredType | undefined {
  const item = declaredType(values, isResource(values));
  if (item === undefined) return undefined;
  const maxElements =
    schema.maxProperties === undefined
      ? Math.floor((MAX_REQUEST_BYTES - 2) / (item.minSize + 6))
      : atLeastZero(schema.maxProperties);
  const key = scalar(STRING, 2);
  return { type: mapOf(STRING, item.type), maxElements, minSize: 2, key, item };
}

const LONGEST_TIME = 32;
const DATE_SIZE = 12;

function declaredString(schema: StructuralSchema): DeclaredType {
  const { format, maxLength } = schema;
  const room = MAX_REQUEST_BYTES - 2;
  if (format === 'byte') return scalar(BYTES, 2, maxLength === undefined ? room : atLeastZero(maxLength));
  if (format === 'duration') return scalar(DURATION, 3, LONGEST_TIME);
  if (format === 'date') return scalar(TIMESTAMP, DATE_SIZE, DATE_SIZE);
  if (format === 'date-time') return scalar(TIMESTAMP, 21, LONGEST_TIME);
  // maxLength counts characters, which have up to four bytes.
  if (maxLength !== undefined) return scalar(STRING, 2, atLeastZero(maxLength) * 4);
  return scalar(
    STRING,
    2,
    schema.enum === undefined || schema.enum.length === 0 ? room : longest(schema.enum),
  );
}

function longest(values: readonly unknown[]): number {
  const lengths = values.map((value) => (typeof value === 'string' ? Buffer.byteLength(value) : 0));
  // Not as arguments of one call: many of them exhaust the stack.
  return lengths.reduce((one, other) => Math.max(one, other), 0);
}

const NAME_LENGTH = 253;

/** apiVersion, kind and two names of metadata can be reached in every resource, declared or not. */
export function withResourceFields(schema: StructuralSchema): StructuralSchema {
  const properties = schema.properties ?? {};
  const metadata = properties['metadata']?.properties;
  const declared =
    properties['kind']?.type === 'string' &&
    properties['apiVersion']?.type === 'string' &&
    properties['metadata']?.type === 'object' &&
    metadata?.['name']?.type === 'string' &&
    metadata['generateName']?.type === 'string';
  if (declared) return schema;
  const capped = (field: StructuralSchema | undefined, max: number): StructuralSchema => ({
    type: 'string',
    maxLength: Math.min(field?.maxLength ?? max, max),
  });
  return {
    ...schema,
    properties: {
      ...properties,
      kind: { type: 'string' },
      apiVersion: { type: 'string' },
      metadata: {
        type: 'object',
        properties: {
          name: capped(metadata?.['name'], NAME_LENGTH),
          generateName: capped(metadata?.['generateName'], NAME_LENGTH - 1),
        },
      },
    },
  };
}
