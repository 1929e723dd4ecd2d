import type { Resource } from '../../registry/resource.ts';
import { modelName } from './model-name.ts';
import { API_VERSION, describedRef, KIND, kindMark, META, schemaRef } from './schema.ts';
import type { OpenApiSchema } from './schema.ts';

type StructuralSchema = Resource['schema'];

/** What a schema of a CustomResourceDefinition and one of OpenAPI v3 have in common, word for word. */
const SHARED = [
  'description',
  'title',
  'type',
  'format',
  'default',
  'nullable',
  'enum',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
  'uniqueItems',
  'minProperties',
  'maxProperties',
  'required',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-list-type',
  'x-kubernetes-map-type',
  'x-kubernetes-patch-merge-key',
  'x-kubernetes-patch-strategy',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-validations',
] as const;

/** The schema of a kind, with the metadata that all kinds have. */
export function kindSchema(resource: Resource): OpenApiSchema {
  const { group, version, kind, selectableFields } = resource;
  const { properties, ...own } = openApiSchema(resource.schema);
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...rest } = properties ?? {};
  return {
    ...own,
    properties: {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: describedRef(`${META}.ObjectMeta`, "Standard object's metadata."),
      ...rest,
    },
    ...kindMark({ group, version, kind }),
    ...selectable(selectableFields),
  };
}

function selectable(paths: readonly string[]): OpenApiSchema {
  if (paths.length === 0) return {};
  return {
    'x-kubernetes-selectable-fields': paths.map((path) => ({ fieldPath: path.replace(/^\./, '') })),
  };
}

export function listSchema(resource: Resource): OpenApiSchema {
  const { group, version, kind, listKind } = resource;
  return {
    description: `${listKind} is a list of ${kind}.`,
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: API_VERSION,
      items: {
        description: 'The objects.',
        type: 'array',
        items: { allOf: [schemaRef(modelName(resource, kind))] },
      },
      kind: KIND,
      metadata: describedRef(`${META}.ListMeta`, "Standard list's metadata."),
    },
    ...kindMark({ group, version, kind: listKind }),
  };
}

/** A node of a structural schema as OpenAPI v3; anything else that stands in it is left out. */
function openApiSchema(node: StructuralSchema): OpenApiSchema {
  const known = SHARED.map((key) => [key, (node as Record<string, unknown>)[key]] as const);
  const schema: OpenApiSchema = Object.fromEntries(known.filter(([, value]) => says(value)));
  addChildren(schema, node);
  for (const junctor of ['allOf', 'anyOf', 'oneOf'] as const) {
    const parts = node[junctor];
    if (parts !== undefined && parts.length > 0) schema[junctor] = parts.map(openApiSchema);
  }
  if (node.not !== undefined) schema.not = openApiSchema(node.not);
  if (node['x-kubernetes-int-or-string'] === true) addIntOrString(schema);
  if (node['x-kubernetes-embedded-resource'] === true) addTypeMeta(schema);
  return schema;
}

/** An empty `required` or `enum` is no valid schema. */
function says(value: unknown): boolean {
  return value !== undefined && !(Array.isArray(value) && value.length === 0);
}

function addChildren(schema: OpenApiSchema, node: StructuralSchema): void {
  const { properties, additionalProperties, items } = node;
  if (properties !== undefined) {
    const entries = Object.entries(properties).map(([name, child]) => [name, openApiSchema(child)] as const);
    schema.properties = Object.fromEntries(entries);
  }
  if (additionalProperties !== undefined) {
    schema.additionalProperties =
      typeof additionalProperties === 'boolean' ? additionalProperties : openApiSchema(additionalProperties);
  }
  if (items !== undefined) schema.items = openApiSchema(items);
}

/** apiextensions-apiserver pkg/apiserver/schema/unfold.go; not when the schema says it in its own way. */
function addIntOrString(schema: OpenApiSchema): void {
  if (schema.anyOf !== undefined || schema.allOf !== undefined) return;
  schema.anyOf = [{ type: 'integer' }, { type: 'string' }];
}

/** An embedded object has what every object has (pkg/controller/openapi/builder addEmbeddedProperties). */
function addTypeMeta(schema: OpenApiSchema): void {
  schema.properties = {
    ...schema.properties,
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: describedRef(`${META}.ObjectMeta`, "Standard object's metadata."),
  };
  schema.required = [...new Set([...(schema.required ?? []), 'apiVersion', 'kind'])];
}
