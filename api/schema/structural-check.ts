import { compileSchema } from './compile-schema.ts';
import { deepEqual } from './deep-equal.ts';
import type { StructuralSchema } from './structural-schema.ts';

/** Allowed at the root and below properties, items and additionalProperties, but not inside allOf, anyOf, oneOf, not. */
const NOT_IN_LOGIC = [
  'type',
  'description',
  'title',
  'default',
  'nullable',
  'additionalProperties',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
] as const;

const SCALARS = new Set<string | undefined>(['boolean', 'integer', 'number', 'string']);

/**
 * What keeps a real cluster from accepting a schema (apiextensions-apiserver pkg/apiserver/schema/validation.go and
 * pkg/apis/apiextensions/validation): each problem with its place; empty for a structural schema.
 */
export function structuralProblems(schema: StructuralSchema): string[] {
  const problems = schema.type === 'object' ? [] : ['root: type must be object'];
  return [...problems, ...nodeProblems(schema, 'root')];
}

function nodeProblems(schema: StructuralSchema, at: string): string[] {
  return [
    ...shapeProblems(schema, at),
    ...listTypeProblems(schema, at),
    ...defaultProblems(schema, at),
    ...logicProblems(schema, at),
    ...children(schema).flatMap(([name, child]) => nodeProblems(child, `${at}.${name}`)),
  ];
}

function children(schema: StructuralSchema): [string, StructuralSchema][] {
  const list = Object.entries(schema.properties ?? {});
  if (schema.items !== undefined) list.push(['items', schema.items]);
  if (typeof schema.additionalProperties === 'object')
    list.push(['additionalProperties', schema.additionalProperties]);
  return list;
}

function shapeProblems(schema: StructuralSchema, at: string): string[] {
  const free =
    schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  const rules: [boolean, string][] = [
    [schema.type === undefined && !free, 'type is required'],
    [schema.type === 'array' && schema.items === undefined, 'items is required for an array'],
    [
      schema.properties !== undefined && schema.additionalProperties !== undefined,
      'properties excludes additionalProperties',
    ],
    [schema.additionalProperties === false, 'additionalProperties may not be false'],
    [schema.uniqueItems === true, 'uniqueItems may not be true, x-kubernetes-list-type: set says it'],
    [
      schema['x-kubernetes-int-or-string'] === true && schema.type !== undefined,
      'int-or-string excludes type',
    ],
  ];
  return rules.filter(([broken]) => broken).map(([, text]) => `${at}: ${text}`);
}

function listTypeProblems(schema: StructuralSchema, at: string): string[] {
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const { items } = schema;
  const rules: [boolean, string][] = [
    [listType !== undefined && schema.type !== 'array', 'x-kubernetes-list-type is for arrays'],
    [listType === 'map' && keys.length === 0, 'a list of type map needs x-kubernetes-list-map-keys'],
    [listType !== 'map' && keys.length > 0, 'x-kubernetes-list-map-keys is for lists of type map'],
    [listType === 'set' && !SCALARS.has(items?.type), 'items of a set must be scalars'],
    ...keys.map((key): [boolean, string] => [
      !isMapKey(items, key),
      `${key} must be a scalar, and required or with a default`,
    ]),
  ];
  return rules.filter(([broken]) => broken).map(([, text]) => `${at}: ${text}`);
}

function isMapKey(items: StructuralSchema | undefined, key: string): boolean {
  const schema = items?.properties?.[key];
  const present = items?.required?.includes(key) === true || schema?.default !== undefined;
  return SCALARS.has(schema?.type) && present;
}

/** A default must be valid, and pruning must leave it as it is. */
function defaultProblems(schema: StructuralSchema, at: string): string[] {
  if (schema.default === undefined) return [];
  const { default: value, ...own } = schema;
  const compiled = compileSchema({ type: 'object', properties: { value: own } });
  const object = { apiVersion: 'v1', kind: 'Default', metadata: { name: '' }, value };
  const pruned = compiled.prune(object).object;
  const causes = compiled.validate(compiled.applyDefaults(pruned));
  return [
    ...(deepEqual(pruned, object) ? [] : [`${at}: default has unknown fields`]),
    ...causes.map((cause) => `${at}: default: ${cause.message}`),
  ];
}

function logicProblems(schema: StructuralSchema, at: string): string[] {
  const { allOf = [], anyOf = [], oneOf = [], not } = schema;
  const parts = [...allOf, ...anyOf, ...oneOf, ...(not === undefined ? [] : [not])];
  return parts.flatMap((part) => logicPartProblems(part, schema, at));
}

function logicPartProblems(part: StructuralSchema, outside: StructuralSchema, at: string): string[] {
  const misplaced = NOT_IN_LOGIC.filter((keyword) => part[keyword] !== undefined);
  const problems = misplaced.map(
    (keyword) => `${at}: ${keyword} may not stand inside allOf, anyOf, oneOf or not`,
  );
  for (const [name, child] of Object.entries(part.properties ?? {})) {
    const known = outside.properties?.[name];
    if (known === undefined)
      problems.push(`${at}.${name}: must also stand outside allOf, anyOf, oneOf and not`);
    else problems.push(...logicPartProblems(child, known, `${at}.${name}`));
  }
  return [...problems, ...logicProblems(part, at)];
}
