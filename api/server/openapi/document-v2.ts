import { createHash } from 'node:crypto';
import { INFO, SHARED_SCHEMAS } from './document-v3.ts';
import type { OpenApiPart } from './document-v3.ts';
import { METHODS } from './operation.ts';
import type { Content, Operation, PathItem } from './operation.ts';
import { SHARED } from './parameters.ts';
import type { Parameter } from './parameters.ts';
import type { OpenApiSchema } from './schema.ts';
import { builtInSchemaV2, customSchemaV2 } from './schema-v2.ts';

/** OpenAPI v2 (Swagger), made from v3: one document for all groups. */

/** Older kubectl looks for the first two in the operation itself. */
const STAY: ReadonlySet<string> = new Set(['dryRun', 'fieldValidation', 'name']);

/** Parameters that many operations have stand in the document once, as upstream; by what refers to them. */
const SHARED_PARAMETERS: ReadonlyMap<Parameter, string> = new Map(
  SHARED.filter(({ name }) => !STAY.has(name)).map((parameter) => {
    const hash = createHash('sha256').update(JSON.stringify(parameter)).digest('base64url');
    return [parameter, `${parameter.name}-${hash.slice(0, 8)}`] as const;
  }),
);

/** Everything but paths and definitions. */
export const FRAME_V2 = {
  swagger: '2.0',
  info: INFO,
  securityDefinitions: {
    BearerToken: { description: 'Bearer <token>', type: 'apiKey', name: 'authorization', in: 'header' },
  },
  security: [{ BearerToken: [] }],
  parameters: Object.fromEntries(
    [...SHARED_PARAMETERS].map(([parameter, key]) => [key, parameterV2(parameter)] as const),
  ),
};

export interface PartV2 {
  paths: Record<string, object>;
  definitions: Record<string, OpenApiSchema>;
}

export function partV2(part: OpenApiPart, { builtIn }: { builtIn: boolean }): PartV2 {
  const convert = builtIn ? builtInSchemaV2 : customSchemaV2;
  return {
    paths: mapValues(part.paths, pathItemV2),
    definitions: mapValues(part.schemas, convert),
  };
}

/** The definitions that belong to no group. */
export const sharedDefinitions = (): Record<string, OpenApiSchema> =>
  mapValues(SHARED_SCHEMAS, builtInSchemaV2);

function mapValues<From, To>(record: Record<string, From>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)] as const));
}

function pathItemV2({ parameters, ...operations }: PathItem): object {
  const converted = METHODS.flatMap((method) => {
    const one = operations[method];
    return one === undefined ? [] : [[method, operationV2(one)] as const];
  });
  return {
    ...Object.fromEntries(converted),
    ...(parameters && { parameters: parameters.map(parameterOrReference) }),
  };
}

function parameterOrReference(parameter: Parameter): object {
  const key = SHARED_PARAMETERS.get(parameter);
  return key === undefined ? parameterV2(parameter) : { $ref: `#/parameters/${key}` };
}

function parameterV2({ schema, ...parameter }: Parameter): object {
  return { ...parameter, ...builtInSchemaV2(schema) };
}

function operationV2({ parameters = [], requestBody, responses, ...operation }: Operation): object {
  const { content, required = false } = requestBody ?? {};
  const body = content && { in: 'body', name: 'body', required, schema: schemaOf(content) };
  const given = [...(body ? [body] : []), ...parameters.map(parameterOrReference)];
  return {
    ...operation,
    ...(content && { consumes: Object.keys(content) }),
    produces: [...new Set(Object.values(responses).flatMap((one) => Object.keys(one.content ?? {})))],
    schemes: ['https'],
    ...(given.length === 0 ? {} : { parameters: given }),
    responses: mapValues(responses, ({ description, content: answer }) => ({
      description,
      ...(answer && { schema: schemaOf(answer) }),
    })),
  };
}

/** v2 has one schema for all content types: that of objects, a Patch rather than a JSON patch. */
function schemaOf(content: Content): OpenApiSchema {
  const { schema = {} } = content['application/merge-patch+json'] ?? Object.values(content)[0] ?? {};
  const [first] = schema.anyOf ?? [];
  return builtInSchemaV2(first ?? schema);
}
