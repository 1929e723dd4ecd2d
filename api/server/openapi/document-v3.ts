import { groupVersionPath } from '../discovery/group-versions.ts';
import type { GroupVersion } from '../discovery/group-versions.ts';
import { kindSchema, listSchema } from './kind-schema.ts';
import { META_SCHEMAS } from './meta-schemas.ts';
import { modelName } from './model-name.ts';
import { capitalized, jsonContent, operationTag } from './operation.ts';
import type { PathItem } from './operation.ts';
import { resourcePaths } from './paths.ts';
import { SCALE_SCHEMAS } from './scale-schemas.ts';
import { META, schemaRef } from './schema.ts';
import type { OpenApiSchema } from './schema.ts';

/** What one group and version adds to a document. */
export interface OpenApiPart {
  paths: Record<string, PathItem>;
  /** Without those that all documents share. */
  schemas: Record<string, OpenApiSchema>;
}

export const INFO = { title: 'Troupe', version: 'unversioned' };
const SECURITY = { BearerToken: { type: 'http', scheme: 'bearer' } };

/** Also in every document: schemas that belong to no group and version of it. */
export const SHARED_SCHEMAS = { ...META_SCHEMAS, ...SCALE_SCHEMAS };

export function buildPart(version: GroupVersion): OpenApiPart {
  const paths: Record<string, PathItem> = { [`${groupVersionPath(version)}/`]: discoveryItem(version) };
  const schemas: Record<string, OpenApiSchema> = {};
  for (const resource of version.resources) {
    schemas[modelName(resource, resource.kind)] = kindSchema(resource);
    if (resource.token !== undefined) {
      schemas[modelName(resource.token, resource.token.kind)] = kindSchema(resource.token);
    }
    if (resource.virtual !== true) schemas[modelName(resource, resource.listKind)] = listSchema(resource);
    Object.assign(paths, resourcePaths(resource));
  }
  return { paths, schemas };
}

/** The OpenAPI v3 document of one group and version, as kubectl and client generators read it. */
export function documentV3(part: OpenApiPart): object {
  return {
    openapi: '3.0.0',
    info: INFO,
    paths: sortKeys(part.paths),
    components: { schemas: sortKeys({ ...shared(part), ...part.schemas }), securitySchemes: SECURITY },
    security: [{ BearerToken: [] }],
  };
}

/** Scale stands only where something can be scaled. */
function shared({ paths }: OpenApiPart): Record<string, OpenApiSchema> {
  return Object.keys(paths).some((path) => path.endsWith('/scale')) ? SHARED_SCHEMAS : META_SCHEMAS;
}

function discoveryItem(version: GroupVersion): PathItem {
  const tag = operationTag(version);
  const failure = { content: jsonContent(schemaRef(`${META}.Status`)) };
  const list = jsonContent(schemaRef(`${META}.APIResourceList`));
  return {
    get: {
      description: 'get available resources',
      operationId: `get${capitalized(tag.replace('_', ' '))}APIResources`,
      tags: [tag],
      responses: {
        '200': { description: 'OK', content: list },
        '401': { description: 'Unauthorized', ...failure },
        default: { description: 'Failure', ...failure },
      },
    },
  };
}

function sortKeys<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1)));
}
