import { formatApiVersion } from '../../machinery/group-version-kind.ts';
import { META_SCHEMAS, objectMetaRef, schemaRef, META } from './meta-schemas.ts';
import type { OpenApiSchema } from './meta-schemas.ts';
import { resourcePaths } from './paths.ts';
import type { PathItem } from './paths.ts';
import type { Resource } from '../../registry/resource.ts';

/** The OpenAPI v3 document of one group and version, as kubectl and client generators read it. */
export interface OpenApiDocument {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, PathItem>;
  components: { schemas: Record<string, OpenApiSchema> };
}

export interface OpenApiIndex {
  paths: Record<string, { serverRelativeURL: string }>;
}

/**
 * A document for each served group and version, by the name the index gives it (`api/v1`,
 * `apis/agent.wecode.io/v1`).
 */
export function buildOpenApiDocuments(definitions: readonly Resource[]): Map<string, OpenApiDocument> {
  const groups = new Map<string, Resource[]>();
  for (const definition of definitions) {
    if (!definition.served) continue;
    const path = groupVersionPath(definition);
    groups.set(path, [...(groups.get(path) ?? []), definition]);
  }
  return new Map(
    [...groups]
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .map(([path, members]) => [path, buildDocument(members)]),
  );
}

/** What `GET /openapi/v3` answers: the hash of a document makes its address, so that clients may keep it for ever. */
export function buildOpenApiIndex(hashes: ReadonlyMap<string, string>): OpenApiIndex {
  const entries = [...hashes].map(([path, hash]) => [
    path,
    { serverRelativeURL: `/openapi/v3/${path}?hash=${encodeURIComponent(hash)}` },
  ]);
  return { paths: Object.fromEntries(entries) as OpenApiIndex['paths'] };
}

function groupVersionPath(definition: Resource): string {
  return `${definition.group === '' ? 'api' : 'apis'}/${formatApiVersion(definition)}`;
}

function buildDocument(definitions: Resource[]): OpenApiDocument {
  const schemas: Record<string, OpenApiSchema> = { ...META_SCHEMAS };
  const paths: Record<string, PathItem> = {};
  for (const definition of definitions) {
    schemas[schemaName(definition)] = kindSchema(definition);
    schemas[`${schemaName(definition)}List`] = listSchema(definition);
    Object.assign(paths, resourcePaths(definition, schemaName(definition)));
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Troupe', version: 'unversioned' },
    paths: sortKeys(paths),
    components: { schemas: sortKeys(schemas) },
  };
}

function sortKeys<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1)));
}

/**
 * `io.wecode.agent.v1.Task`: the group back to front (apiextensions-apiserver pkg/controller/openapi/builder);
 * Kubernetes' own kinds have the name of their Go package, `io.k8s.api.core.v1.Event`.
 */
export function schemaName(definition: Pick<Resource, 'builtIn' | 'group' | 'kind' | 'version'>): string {
  const { builtIn, group, kind, version } = definition;
  const prefix = builtIn
    ? `io.k8s.api.${group === '' ? 'core' : group.replace(/\.k8s\.io$/, '')}`
    : group.split('.').reverse().join('.');
  return `${prefix}.${version}.${kind}`;
}

const API_VERSION: OpenApiSchema = {
  description: 'Group and version of the schema of this representation of the object.',
  type: 'string',
};
const KIND: OpenApiSchema = {
  description: 'The REST resource this object represents, in CamelCase.',
  type: 'string',
};

function kindSchema(definition: Resource): OpenApiSchema {
  const { group, version, kind, schema } = definition;
  return {
    ...(schema as OpenApiSchema),
    properties: {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: objectMetaRef("Standard object's metadata."),
      ...withoutTypeMeta(schema.properties as OpenApiSchema['properties']),
    },
    'x-kubernetes-group-version-kind': [{ group, version, kind }],
  };
}

function withoutTypeMeta(properties: OpenApiSchema['properties'] = {}): Record<string, OpenApiSchema> {
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...own } = properties;
  return own;
}

function listSchema(definition: Resource): OpenApiSchema {
  const { group, version, listKind } = definition;
  return {
    description: `${listKind} is a list of ${definition.kind}.`,
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { description: "Standard list's metadata.", allOf: [schemaRef(`${META}.ListMeta`)] },
      items: {
        description: 'The objects.',
        type: 'array',
        items: { allOf: [schemaRef(schemaName(definition))] },
      },
    },
    'x-kubernetes-group-version-kind': [{ group, version, kind: listKind }],
  };
}
