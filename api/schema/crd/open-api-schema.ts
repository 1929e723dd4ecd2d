import type { StatusCause } from '../../machinery/status-error.ts';
import { forbidden, invalidValue, unsupportedValue } from '../../structural-schema/field-error.ts';
import { listProblems, mustBe } from './list-problems.ts';
import { ruleProblems } from './rule-problems.ts';
import { UNSUPPORTED_KEYWORDS } from './schema-props.ts';
import type { SchemaProps } from './schema-props.ts';

/** Where a schema stands, as far as that decides what it may have. */
interface Surroundings {
  root: boolean;
  /** apiVersion, kind or metadata, at the root or in an embedded resource. */
  insideMeta: boolean;
  /** Why no default may be set here; undefined where it may. */
  noDefaults: string | undefined;
}

export const ROOT: Surroundings = { root: true, insideMeta: false, noDefaults: undefined };

/** Checks of each node of a schema (apiextensions validation.go ValidateCustomResourceDefinitionOpenAPISchema). */
export function openApiProblems(schema: SchemaProps, at: string, around: Surroundings): StatusCause[] {
  return [
    ...keywordProblems(schema, at, around),
    ...additionalProblems(schema, at, around),
    ...propertyProblems(schema, at, around),
    ...logicProblems(schema, at, { ...around, root: false }),
    ...itemProblems(schema, at, { ...around, root: false }),
    ...extensionProblems(schema, at),
    ...listProblems(schema, at),
    ...ruleProblems(schema, at),
  ];
}

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

function keywordProblems(schema: SchemaProps, at: string, around: Surroundings): StatusCause[] {
  const type: string = schema.type ?? '';
  const causes: StatusCause[] = [];
  if (type !== '' && !TYPES.includes(type)) causes.push(unsupportedValue(`${at}.type`, type, TYPES));
  if (schema.default !== undefined && around.noDefaults !== undefined)
    causes.push(forbidden(`${at}.default`, `must not be set ${around.noDefaults}`));
  for (const name of UNSUPPORTED_KEYWORDS)
    if (isSet(schema[name])) causes.push(forbidden(`${at}.${name}`, `${name} is not supported`));
  if (type === 'null')
    causes.push(forbidden(`${at}.type`, 'type cannot be set to null, use nullable as an alternative'));
  if (Array.isArray(schema.items) && schema.items.length > 0)
    causes.push(forbidden(`${at}.items`, 'items must be a schema object and not an array'));
  if (around.insideMeta && schema['x-kubernetes-embedded-resource'] === true)
    causes.push(
      forbidden(`${at}.x-kubernetes-embedded-resource`, 'must not be used inside of resource meta'),
    );
  if (schema.uniqueItems === true)
    causes.push(
      forbidden(
        `${at}.uniqueItems`,
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    );
  return causes;
}

/** `id: ''` and `definitions: {}` count as not there in Go. */
function isSet(value: unknown): boolean {
  if (value === undefined || value === '') return false;
  return typeof value !== 'object' || value === null || Object.keys(value).length > 0;
}

function additionalProblems(schema: SchemaProps, at: string, around: Surroundings): StatusCause[] {
  const { additionalProperties, properties = {} } = schema;
  if (additionalProperties === undefined) return [];
  const causes: StatusCause[] = [];
  if (Object.keys(properties).length > 0 && additionalProperties !== true)
    causes.push(
      forbidden(`${at}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'),
    );
  if (typeof additionalProperties === 'boolean') return causes;
  const noDefaults = around.insideMeta
    ? 'inside additionalProperties applying to object metadata'
    : around.noDefaults;
  const inside = { ...around, root: false, noDefaults };
  return [...causes, ...openApiProblems(additionalProperties, `${at}.additionalProperties`, inside)];
}

const META = new Set(['metadata', 'kind', 'apiVersion']);

function propertyProblems(schema: SchemaProps, at: string, around: Surroundings): StatusCause[] {
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const meta = META.has(name) && (around.root || embedded);
    const inside: Surroundings = {
      root: false,
      insideMeta: around.insideMeta || meta,
      noDefaults: meta && around.root ? `in top-level ${name}` : around.noDefaults,
    };
    return openApiProblems(child, `${at}.properties[${name}]`, inside);
  });
}

function logicProblems(schema: SchemaProps, at: string, around: Surroundings): StatusCause[] {
  const { allOf = [], oneOf = [], anyOf = [], not } = schema;
  const lists = Object.entries({ allOf, oneOf, anyOf }).flatMap(([name, parts]) =>
    parts.flatMap((part, index) => openApiProblems(part, `${at}.${name}[${index}]`, around)),
  );
  return [...(not === undefined ? [] : openApiProblems(not, `${at}.not`, around)), ...lists];
}

function itemProblems({ items }: SchemaProps, at: string, around: Surroundings): StatusCause[] {
  if (items === undefined) return [];
  if (!Array.isArray(items)) return openApiProblems(items, `${at}.items`, around);
  return items.flatMap((item, index) => openApiProblems(item, `${at}.items[${index}]`, around));
}

const MAP_TYPES = ['atomic', 'granular'];

function extensionProblems(schema: SchemaProps, at: string): StatusCause[] {
  const mapType: string | undefined = schema['x-kubernetes-map-type'];
  const causes: StatusCause[] = [];
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    causes.push(
      invalidValue(`${at}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'),
    );
  if (mapType === undefined) return causes;
  if (schema.type !== 'object')
    causes.push(mustBe(`${at}.type`, schema.type, 'must be object if x-kubernetes-map-type is specified'));
  if (!MAP_TYPES.includes(mapType))
    causes.push(unsupportedValue(`${at}.x-kubernetes-map-type`, mapType, MAP_TYPES));
  return causes;
}
