/** A schema of OpenAPI v3.0, extensions included. */
export interface OpenApiSchema {
  description?: string;
  type?: string;
  format?: string;
  default?: unknown;
  nullable?: boolean;
  required?: string[];
  properties?: Record<string, OpenApiSchema>;
  additionalProperties?: OpenApiSchema | boolean;
  items?: OpenApiSchema;
  allOf?: OpenApiSchema[];
  anyOf?: OpenApiSchema[];
  oneOf?: OpenApiSchema[];
  not?: OpenApiSchema;
  $ref?: string;
  [extension: string]: unknown;
}

export const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
export const SCHEMAS = '#/components/schemas/';

export const schemaRef = (name: string): OpenApiSchema => ({ $ref: `${SCHEMAS}${name}` });

/** A reference cannot have a description beside it, hence allOf, as upstream. */
export const describedRef = (name: string, description: string): OpenApiSchema => ({
  description,
  allOf: [schemaRef(name)],
});

export const text = (description: string): OpenApiSchema => ({ description, type: 'string' });
export const flag = (description: string): OpenApiSchema => ({ description, type: 'boolean' });
export const int32 = (description: string): OpenApiSchema => ({
  description,
  type: 'integer',
  format: 'int32',
});
export const int64 = (description: string): OpenApiSchema => ({
  description,
  type: 'integer',
  format: 'int64',
});
export const textMap = (description: string): OpenApiSchema => ({
  description,
  type: 'object',
  additionalProperties: { type: 'string' },
});
export const listOf = (items: OpenApiSchema, description: string): OpenApiSchema => ({
  description,
  type: 'array',
  items,
});

export const API_VERSION = text('Group and version of the schema of this representation of the object.');
export const KIND = text('The kind of the object, in CamelCase.');

export interface GroupVersionKind {
  group: string;
  version: string;
  kind: string;
}

export const kindMark = (...kinds: GroupVersionKind[]): OpenApiSchema => ({
  'x-kubernetes-group-version-kind': kinds.map(({ group, version, kind }) => ({ group, version, kind })),
});
