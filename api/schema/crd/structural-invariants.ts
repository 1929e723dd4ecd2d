import type { StatusCause } from '../../machinery/status-error.ts';
import { compilePattern } from '../../structural-schema/compiled-pattern.ts';
import { deepEqual } from '../../machinery/json/deep-equal.ts';
import { forbidden, invalidValue, requiredValue } from '../../structural-schema/field-error.ts';
import type { SchemaProps } from './schema-props.ts';
import { completenessProblems } from './structural-completeness.ts';

/**
 * What makes a schema structural (apiextensions-apiserver pkg/apiserver/schema/validation.go): a type on every node,
 * and nothing but value validation within allOf, anyOf, oneOf and not.
 */
export function structuralCauses(schema: SchemaProps, at: string): StatusCause[] {
  const causes = [...invariants(schema, 'root', at), ...completenessProblems(schema, at)];
  const text = (cause: StatusCause): string => `${cause.field}: ${cause.message}`;
  return causes.sort((a, b) => (text(a) < text(b) ? -1 : 1));
}

type Level = 'field' | 'item' | 'root';

export const itemsOf = (schema: SchemaProps): SchemaProps | undefined =>
  Array.isArray(schema.items) ? undefined : schema.items;

const additionalOf = (schema: SchemaProps): SchemaProps | undefined =>
  typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;

function invariants(schema: SchemaProps, level: Level, at: string): StatusCause[] {
  const items = itemsOf(schema);
  const additional = additionalOf(schema);
  const causes: StatusCause[] = [];
  if (schema.type === 'array' && items === undefined)
    causes.push(requiredValue(`${at}.items`, 'must be specified'));
  // One by one: as arguments of one call, many findings exhaust the stack.
  if (items !== undefined) for (const cause of invariants(items, 'item', `${at}.items`)) causes.push(cause);
  for (const [name, child] of Object.entries(schema.properties ?? {}))
    for (const cause of invariants(child, 'field', `${at}.properties[${name}]`)) causes.push(cause);
  if (schema.additionalProperties !== undefined && level === 'root')
    causes.push(forbidden(`${at}.additionalProperties`, 'must not be used at the root'));
  if (additional !== undefined)
    for (const cause of invariants(additional, 'field', `${at}.additionalProperties`)) causes.push(cause);
  return [
    ...causes,
    ...extensionProblems(schema, at),
    ...valueProblems(schema, at, patternsOf(schema)),
    ...typeProblems(schema, level, at),
    ...resourceProblems(schema, level, at),
  ];
}

function extensionProblems(schema: SchemaProps, at: string): StatusCause[] {
  if (schema['x-kubernetes-int-or-string'] !== true) return [];
  return (['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const)
    .filter((name) => schema[name] === true)
    .map((name) =>
      invalidValue(`${at}.${name}`, true, 'must be false if x-kubernetes-int-or-string is true'),
    );
}

const NO_TYPE: Record<Level, string> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

function typeProblems(schema: SchemaProps, level: Level, at: string): StatusCause[] {
  const type: string = schema.type ?? '';
  const causes: StatusCause[] = [];
  const free =
    schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (schema['x-kubernetes-embedded-resource'] === true && type !== 'object') {
    const text = 'must be object if x-kubernetes-embedded-resource is true';
    causes.push(type === '' ? requiredValue(`${at}.type`, text) : invalidValue(`${at}.type`, type, text));
  } else if (type === '' && !free) causes.push(requiredValue(`${at}.type`, NO_TYPE[level]));
  if (level === 'root' && type !== '' && type !== 'object')
    causes.push(invalidValue(`${at}.type`, type, 'must be object at the root'));
  return causes;
}

/** apiVersion, kind and metadata, at the root and in embedded resources. */
function resourceProblems(schema: SchemaProps, level: Level, at: string): StatusCause[] {
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  const properties = schema.properties ?? {};
  const causes: StatusCause[] = [];
  if (embedded && schema.additionalProperties !== undefined)
    causes.push(
      forbidden(`${at}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set'),
    );
  if (embedded || level === 'root')
    for (const name of ['kind', 'apiVersion']) {
      const { type } = Object.hasOwn(properties, name) ? (properties[name] ?? {}) : { type: 'string' };
      if (type !== 'string')
        causes.push(invalidValue(`${at}.properties[${name}].type`, type ?? '', 'must be string'));
    }
  const metadata = Object.hasOwn(properties, 'metadata') ? properties['metadata'] : undefined;
  if (metadata !== undefined)
    causes.push(...metadataProblems(metadata, { embedded, level, at: `${at}.properties[metadata]` }));
  const keeps = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (embedded && !keeps && Object.keys(properties).length === 0)
    causes.push(
      requiredValue(
        `${at}.properties`,
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      ),
    );
  return causes;
}

const FREE_IN_METADATA = new Set(['type', 'default', 'properties', 'example', 'externalDocs', '$schema']);

function metadataProblems(
  schema: SchemaProps,
  { embedded, level, at }: { embedded: boolean; level: Level; at: string },
): StatusCause[] {
  const causes: StatusCause[] = [];
  if ((embedded || level === 'root') && schema.type !== 'object')
    causes.push(invalidValue(`${at}.type`, schema.type ?? '', 'must be object'));
  if (level !== 'root') return causes;
  const names = Object.keys(schema.properties ?? {});
  const others = Object.entries(schema).filter(
    ([name, value]) => !FREE_IN_METADATA.has(name) && !isZero(value),
  );
  if (others.length > 0 || names.some((name) => name !== 'name' && name !== 'generateName'))
    causes.push(
      forbidden(
        at,
        'must not specify anything other than name and generateName, but metadata is implicitly specified',
      ),
    );
  return causes;
}

function isZero(value: unknown): boolean {
  return value === false || value === '' || (Array.isArray(value) && value.length === 0);
}

/** The two ways in which int-or-string may state its types within logic. */
const INT_OR_STRING = [{ type: 'integer' }, { type: 'string' }];

interface Patterns {
  anyOf: boolean;
  firstOfAllOf: boolean;
}

function patternsOf(schema: SchemaProps): Patterns {
  return {
    anyOf: deepEqual(schema.anyOf, INT_OR_STRING),
    firstOfAllOf: deepEqual(schema.allOf?.[0]?.anyOf, INT_OR_STRING),
  };
}

const NO_PATTERNS: Patterns = { anyOf: false, firstOfAllOf: false };

function valueProblems(schema: SchemaProps, at: string, skip: Patterns): StatusCause[] {
  const { allOf = [], anyOf = [], oneOf = [], not, pattern } = schema;
  return [
    ...(skip.anyOf ? [] : anyOf.flatMap((part, index) => nested(part, `${at}.anyOf[${index}]`))),
    ...allOf.flatMap((part, index) =>
      nested(part, `${at}.allOf[${index}]`, { anyOf: skip.firstOfAllOf && index === 0, firstOfAllOf: false }),
    ),
    ...oneOf.flatMap((part, index) => nested(part, `${at}.oneOf[${index}]`)),
    ...(not === undefined ? [] : nested(not, `${at}.not`)),
    ...patternProblems(pattern, `${at}.pattern`),
  ];
}

function patternProblems(pattern: string | undefined, at: string): StatusCause[] {
  if (pattern === undefined || pattern === '') return [];
  try {
    compilePattern(pattern);
    return [];
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return [invalidValue(at, pattern, `must be a valid regular expression, but isn't: ${text}`)];
  }
}

const EMPTY = 'must be empty to be structural';
const UNDEFINED = 'must be undefined to be structural';
const FALSE = 'must be false to be structural';
const FORBIDDEN_IN_LOGIC = [
  ['type', EMPTY],
  ['additionalProperties', UNDEFINED],
  ['default', UNDEFINED],
  ['title', EMPTY],
  ['description', EMPTY],
  ['nullable', FALSE],
  ['x-kubernetes-preserve-unknown-fields', FALSE],
  ['x-kubernetes-embedded-resource', FALSE],
  ['x-kubernetes-int-or-string', FALSE],
  ['x-kubernetes-list-map-keys', EMPTY],
  ['x-kubernetes-list-type', UNDEFINED],
  ['x-kubernetes-map-type', UNDEFINED],
  ['x-kubernetes-validations', EMPTY],
] as const;

/** A schema within allOf, anyOf, oneOf or not. */
function nested(schema: SchemaProps, at: string, skip: Patterns = NO_PATTERNS): StatusCause[] {
  const items = itemsOf(schema);
  const causes = valueProblems(schema, at, skip);
  if (items !== undefined) for (const cause of nested(items, `${at}.items`)) causes.push(cause);
  for (const [name, child] of Object.entries(schema.properties ?? {}))
    for (const cause of nested(child, `${at}.properties[${name}]`)) causes.push(cause);
  for (const [name, text] of FORBIDDEN_IN_LOGIC)
    if (schema[name] !== undefined && (!isZero(schema[name]) || text === UNDEFINED))
      causes.push(forbidden(`${at}.${name}`, text));
  if (schema.properties !== undefined && Object.hasOwn(schema.properties, 'metadata'))
    causes.push(forbidden(`${at}.properties[metadata]`, 'must not be specified in a nested context'));
  return causes;
}
