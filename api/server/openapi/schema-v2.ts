import { SCHEMAS } from './schema.ts';
import type { OpenApiSchema } from './schema.ts';

const DEFINITIONS = '#/definitions/';

/** A schema of Kubernetes' own kinds, and of meta/v1: what v2 cannot express is left out. */
export function builtInSchemaV2(schema: OpenApiSchema): OpenApiSchema {
  return convert(schema, { strict: false });
}

/**
 * A schema of a custom resource. Clients of v2 refuse fields they do not find, so whatever may hold more than the
 * schema says loses its type (apiextensions-apiserver pkg/controller/openapi/v2/conversion.go).
 */
export function customSchemaV2(schema: OpenApiSchema): OpenApiSchema {
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) {
    const { 'x-kubernetes-group-version-kind': kinds } = schema;
    return { type: 'object', 'x-kubernetes-group-version-kind': kinds };
  }
  return convert(schema, { strict: true });
}

interface Rules {
  strict: boolean;
}

const DROPPED: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf', 'not', 'nullable']);

function convert(schema: OpenApiSchema, rules: Rules): OpenApiSchema {
  const reference = schema.$ref ?? schema.allOf?.[0]?.$ref;
  if (reference !== undefined) return referenceV2(schema, reference);
  const result: OpenApiSchema = {};
  for (const [key, value] of Object.entries(schema)) {
    if (!DROPPED.has(key)) result[key] = value;
  }
  if (rules.strict) loosen(result, schema);
  addChildren(result, rules);
  return result;
}

/** In v2 a description stands beside the reference. */
function referenceV2(schema: OpenApiSchema, reference: string): OpenApiSchema {
  const { description } = schema;
  return {
    ...(description === undefined ? {} : { description }),
    $ref: reference.replace(SCHEMAS, DEFINITIONS),
  };
}

function loosen(result: OpenApiSchema, { nullable, items, type, ...schema }: OpenApiSchema): void {
  const keepsUnknown = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (nullable === true || keepsUnknown) {
    delete result.items;
    delete result.properties;
  }
  const isOpenArray = type === 'array' && (items === undefined || keepsUnknown);
  if (nullable === true || isOpenArray || (keepsUnknown && type === 'object')) delete result.type;
}

function addChildren(result: OpenApiSchema, rules: Rules): void {
  const { properties, additionalProperties, items, required } = result;
  if (properties !== undefined) {
    if (required !== undefined)
      setRequired(
        result,
        required.filter((name) => !isNullable(properties, name)),
      );
    const entries = Object.entries(properties).map(([name, child]) => [name, convert(child, rules)] as const);
    result.properties = Object.fromEntries(entries);
  }
  if (typeof additionalProperties === 'object')
    result.additionalProperties = convert(additionalProperties, rules);
  if (items !== undefined) result.items = convert(items, rules);
}

function isNullable(properties: Record<string, OpenApiSchema>, name: string): boolean {
  return Object.hasOwn(properties, name) && properties[name]?.nullable === true;
}

function setRequired(result: OpenApiSchema, required: string[]): void {
  if (required.length === 0) delete result.required;
  else result.required = required;
}
