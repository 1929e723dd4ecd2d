import type { OpenApiSchema } from '../openapi/schema.ts';
import { SCHEMAS } from '../openapi/schema.ts';
import {
  ADDRESS,
  ADDRESS_REQUEST,
  ANSWER,
  CONVERSATION,
  NEW_EVENT,
  NEW_MESSAGE,
  RETRY,
} from '../openapi/task-paths.ts';

/** The schemas of the answers that are no manifests, in OpenAPI 3.1. */

const text = (description: string): OpenApiSchema => ({ type: 'string', description });
export const ref = (name: string): OpenApiSchema => ({ $ref: `${SCHEMAS}${name}` });

const META: OpenApiSchema = {
  type: 'object',
  required: ['timestamp', 'request_id', 'version'],
  properties: {
    timestamp: { type: 'string', format: 'date-time', description: 'When the answer was made.' },
    request_id: text('Id of the request in logs and audit.'),
    version: text('Version of the server.'),
    pagination: {
      type: 'object',
      description: 'Of a page of a list.',
      properties: {
        continue: text('Where the next page begins; absent on the last page.'),
        remaining: { type: 'integer', description: 'Objects behind this page, where that is known.' },
      },
    },
  },
};

const BATCH_ITEM: OpenApiSchema = {
  type: 'object',
  required: ['kind', 'name', 'namespace', 'operation', 'success'],
  properties: {
    kind: text('Kind of the manifest.'),
    name: text('Name of the object.'),
    namespace: text('Namespace of the path.'),
    operation: { type: 'string', enum: ['created', 'updated', 'deleted', 'failed'] },
    success: { type: 'boolean' },
    error: text('Why it failed.'),
  },
};

export const REST_SCHEMAS: Readonly<Record<string, OpenApiSchema>> = {
  Meta: META,
  AddressRequest: ADDRESS_REQUEST,
  NodeAddress: ADDRESS,
  Answer: ANSWER,
  Conversation: CONVERSATION,
  NewEvent: NEW_EVENT,
  NewMessage: NEW_MESSAGE,
  Retry: RETRY,
  Failure: {
    type: 'object',
    required: ['success', 'error', 'meta'],
    properties: {
      success: { const: false },
      error: {
        type: 'object',
        required: ['code', 'message', 'details'],
        properties: {
          code: text('The reason of the failure, such as NotFound.'),
          message: text('For a person.'),
          details: { type: 'object', description: 'Names the object and the fields.' },
        },
      },
      meta: ref('Meta'),
    },
  },
  CompatibleFailure: {
    type: 'object',
    required: ['detail'],
    description: 'A Status of Kubernetes with one more field.',
    properties: {
      detail: text('For a person.'),
      reason: text('Such as NotFound.'),
      code: { type: 'integer', description: 'The code of the answer.' },
    },
  },
  Decision: {
    type: 'object',
    properties: {
      reason: text('Why; for the record, and for an agent whose wish is rejected.'),
      message: text('The answer to a question, or words for the agent.'),
    },
  },
  Message: { type: 'object', required: ['message'], properties: { message: text('For a person.') } },
  BatchResult: {
    type: 'object',
    required: ['success', 'message', 'results'],
    properties: {
      success: { type: 'boolean', description: 'Whether all went well.' },
      message: text('Such as "Applied 2/3 resources".'),
      results: { type: 'array', items: BATCH_ITEM },
    },
  },
};

/** The answer in the envelope whose `data` is as given. */
export const successOf = (data: OpenApiSchema): OpenApiSchema => ({
  type: 'object',
  required: ['success', 'data', 'meta'],
  properties: { success: { const: true }, data, meta: ref('Meta') },
});

/** A schema of OpenAPI 3.0 in that of 3.1, which is JSON Schema: what may be null says so in its type. */
export function inJsonSchema(schema: OpenApiSchema): OpenApiSchema {
  const { nullable, ...rest } = schema;
  const entries = Object.entries(rest).map(([key, value]) => [key, converted(key, value)] as const);
  const next = Object.fromEntries(entries) as OpenApiSchema;
  return nullable === true && typeof next.type === 'string'
    ? { ...next, type: [next.type, 'null'] as unknown as string }
    : next;
}

const SCHEMA_MAPS: ReadonlySet<string> = new Set(['properties']);
const SCHEMA_LISTS: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf']);
const SCHEMA_FIELDS: ReadonlySet<string> = new Set(['additionalProperties', 'items', 'not']);

function converted(key: string, value: unknown): unknown {
  if (SCHEMA_MAPS.has(key)) {
    const fields = Object.entries(value as Record<string, OpenApiSchema>);
    return Object.fromEntries(fields.map(([name, field]) => [name, inJsonSchema(field)]));
  }
  if (SCHEMA_LISTS.has(key)) return (value as OpenApiSchema[]).map(inJsonSchema);
  return SCHEMA_FIELDS.has(key) && typeof value === 'object' ? inJsonSchema(value as OpenApiSchema) : value;
}
