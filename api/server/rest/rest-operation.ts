import type { OpenApiSchema } from '../openapi/schema.ts';
import { ref } from './rest-schemas.ts';

/** Of one path: its operations by method. */
export type Operations = Record<string, object>;

export const NAMESPACE = parameter('namespace', 'Namespace of the objects.');
export const NAME = parameter('name', 'Name of the object.');

function parameter(name: string, description: string): object {
  return { name, in: 'path', required: true, description, schema: { type: 'string' } };
}

export interface Operation {
  id: string;
  summary?: string;
  code?: 200 | 201 | 202;
  answer: OpenApiSchema;
  /** `application/json` when absent. */
  answerType?: string;
  /** The schema of a failure. */
  failure: 'CompatibleFailure' | 'Failure';
  body?: OpenApiSchema;
  /** Of bodies that are no JSON, by media type. */
  otherBodies?: Readonly<Record<string, OpenApiSchema>>;
  parameters?: readonly object[];
}

export function operation({ id, code = 200, answer, failure, ...given }: Operation): object {
  const { answerType = 'application/json', summary, parameters } = given;
  return {
    operationId: id,
    ...(summary === undefined ? {} : { summary }),
    ...(parameters === undefined ? {} : { parameters }),
    ...requestBody(given),
    responses: {
      [code]: { description: 'OK', content: { [answerType]: { schema: answer } } },
      default: { description: 'Failure', content: { 'application/json': { schema: ref(failure) } } },
    },
  };
}

function requestBody({ body, otherBodies = {} }: Pick<Operation, 'body' | 'otherBodies'>): object {
  const all = Object.entries({ ...(body && { 'application/json': body }), ...otherBodies });
  if (all.length === 0) return {};
  const content = Object.fromEntries(all.map(([type, schema]) => [type, { schema }]));
  return { requestBody: { required: true, content } };
}
