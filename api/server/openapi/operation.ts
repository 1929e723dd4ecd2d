import type { Resource } from '../../registry/resource.ts';
import type { Parameter } from './parameters.ts';
import { META, schemaRef } from './schema.ts';
import type { GroupVersionKind, OpenApiSchema } from './schema.ts';

export type Content = Record<string, { schema: OpenApiSchema }>;

export interface Operation {
  description: string;
  operationId: string;
  tags: string[];
  parameters?: readonly Parameter[];
  requestBody?: { required?: boolean; content: Content };
  responses: Record<string, { description: string; content?: Content }>;
  /** kubectl finds the operations of a kind by these two. */
  'x-kubernetes-action'?: string;
  'x-kubernetes-group-version-kind'?: GroupVersionKind;
}

export const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;

export type PathItem = Partial<Record<(typeof METHODS)[number], Operation>> & {
  parameters?: readonly Parameter[];
};

export const OBJECT_TYPES = ['application/json', 'application/yaml'];

export interface OperationShape {
  /** Starts the operationId: read, list, create, replace, patch, delete, deleteCollection. */
  verb: string;
  action: string;
  description: string;
  parameters?: readonly Parameter[];
  body?: { required?: boolean; content: Content };
  /** By status code. */
  answers: Record<string, Content>;
}

const ANSWERS: Record<string, string> = { '200': 'OK', '201': 'Created', '202': 'Accepted' };

/** `suffix` ends the operationId, such as `NamespacedTaskStatus`. */
export function operation(resource: Resource, suffix: string, shape: OperationShape): Operation {
  const { group, version, kind } = resource;
  const answers = Object.entries(shape.answers).map(([code, content]) => [
    code,
    { description: ANSWERS[code] ?? '', content },
  ]);
  const failure = contentOf(OBJECT_TYPES, schemaRef(`${META}.Status`));
  return {
    description: shape.description,
    operationId: operationId(resource, shape.verb, suffix),
    tags: [operationTag(resource)],
    ...(shape.parameters && { parameters: shape.parameters }),
    ...(shape.body && { requestBody: shape.body }),
    responses: {
      ...(Object.fromEntries(answers) as Operation['responses']),
      '401': { description: 'Unauthorized', content: failure },
      default: { description: 'Failure', content: failure },
    },
    'x-kubernetes-action': shape.action,
    'x-kubernetes-group-version-kind': { group, version, kind },
  };
}

/** A POST of JSON to a subresource, which is answered in JSON. */
export function jsonPost(
  resource: Resource,
  suffix: string,
  { description, body, answer }: { description: string; body: OpenApiSchema; answer: OpenApiSchema },
): Operation {
  return operation(resource, suffix, {
    verb: 'create',
    action: 'post',
    description,
    body: { required: true, content: jsonContent(body) },
    answers: { '200': jsonContent(answer) },
  });
}

export function contentOf(types: readonly string[], schema: OpenApiSchema): Content {
  return Object.fromEntries(types.map((type) => [type, { schema }]));
}

export const jsonContent = (schema: OpenApiSchema): Content => contentOf(['application/json'], schema);

/** `listAgentWecodeIoV1NamespacedTask` (kube-apiserver endpoints/openapi GetOperationIDAndTags). */
function operationId({ group, version }: Resource, verb: string, suffix: string): string {
  const [, start = '', rest = ''] = /^([a-z]+)(.*)$/.exec(verb) ?? [];
  return `${start}${capitalized(shortGroup(group))}${capitalized(version)}${rest}${suffix}`;
}

/** `agentWecodeIo_v1`. */
export function operationTag({ group, version }: { group: string; version: string }): string {
  const name = capitalized(shortGroup(group));
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}_${version}`;
}

const shortGroup = (group: string): string => (group === '' ? 'core' : group.replace(/\.k8s\.io$/, ''));

/** Without what cannot be part of a name, each word starting with a capital. */
export function capitalized(text: string): string {
  const words = text.split(/[^a-zA-Z0-9_]+/);
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}
