import { TROUPE_GROUP } from '../../machinery/group-version-kind.ts';
import { VERSION } from '../../machinery/version.ts';
import type { Resource } from '../../registry/resource.ts';
import { kindSchema } from '../openapi/kind-schema.ts';
import { META_SCHEMAS } from '../openapi/meta-schemas.ts';
import type { OpenApiSchema } from '../openapi/schema.ts';
import { accountPaths } from './account-document.ts';
import { healthPaths } from './health/health-document.ts';
import { NAME, NAMESPACE, operation } from './rest-operation.ts';
import type { Operations } from './rest-operation.ts';
import { compatibleVersion } from './rest-path.ts';
import { inJsonSchema, ref, REST_SCHEMAS, successOf } from './rest-schemas.ts';
import { packagePaths, ZIP_BODIES } from './skill-document.ts';

const PAGING = [
  { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1 }, description: 'Objects at most.' },
  { name: 'continue', in: 'query', schema: { type: 'string' }, description: 'Where the page begins.' },
];

/** The description of the paths of ours below `/api/v1`, for the kinds that are served. */
export function restDocument(served: readonly Resource[]): object {
  const ours = served.filter(({ group, version, plural }) => {
    const isUser = version === 'v1alpha1' && plural === 'users';
    return group === TROUPE_GROUP && (isUser || version === compatibleVersion(plural));
  });
  const schemas = Object.fromEntries(ours.map((one) => [one.kind, inJsonSchema(kindSchema(one))]));
  const shared = Object.entries(META_SCHEMAS).map(([name, schema]) => [name, inJsonSchema(schema)] as const);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Troupe',
      version: VERSION,
      description: 'Troupe for people who do not speak Kubernetes.',
    },
    paths: Object.assign({}, batchPaths(), healthPaths(), accountPaths(), ...ours.map(pathsOf)),
    components: {
      schemas: { ...REST_SCHEMAS, ...Object.fromEntries(shared), ...schemas },
      securitySchemes: { BearerToken: { type: 'http', scheme: 'bearer' } },
    },
    security: [{ BearerToken: [] }],
  };
}

function pathsOf(resource: Resource): Record<string, Operations> {
  if (resource.plural === 'users') {
    return {
      ...envelopePaths('/api/v1/users', resource, 'User'),
      ...envelopePaths('/api/v1/admin/users', resource, 'AdminUser'),
    };
  }
  const publicModels =
    resource.plural === 'models' ? envelopePaths('/api/v1/admin/public-models', resource, 'PublicModel') : {};
  return { ...compatiblePaths(resource), ...publicModels };
}

const listOf = ({ kind }: Resource): OpenApiSchema => ({
  type: 'object',
  required: ['items'],
  properties: {
    apiVersion: { type: 'string' },
    kind: { const: `${kind}List` },
    items: { type: 'array', items: ref(kind) },
  },
});

function compatiblePaths(resource: Resource): Record<string, Operations> {
  const { kind, plural } = resource;
  const failure = 'CompatibleFailure' as const;
  const object = ref(kind);
  const at = `/api/v1/namespaces/{namespace}/${plural}`;
  const one = { parameters: [NAMESPACE, NAME], failure, answer: object };
  const list = { answer: listOf(resource), failure };
  return {
    [`/api/v1/${plural}`]: {
      get: operation({
        id: `listAll${kind}s`,
        summary: `${kind}s of all namespaces`,
        parameters: PAGING,
        ...list,
      }),
    },
    [at]: {
      get: operation({
        id: `list${kind}s`,
        summary: `${kind}s`,
        parameters: [NAMESPACE, ...PAGING],
        ...list,
      }),
      post: operation({
        ...{ id: `create${kind}`, summary: `Creates a ${kind}; what it names must be there`, code: 201 },
        ...{ parameters: [NAMESPACE], body: object, answer: object, failure },
        ...(plural === 'skills' ? { otherBodies: ZIP_BODIES } : {}),
      }),
    },
    [`${at}/{name}`]: {
      get: operation({ id: `get${kind}`, summary: `A ${kind}`, ...one }),
      put: operation({ id: `replace${kind}`, summary: `Replaces a ${kind}`, ...one, body: object }),
      delete: operation({
        id: `delete${kind}`,
        summary: `Deletes a ${kind}`,
        ...one,
        answer: ref('Message'),
      }),
    },
    ...(plural === 'skills' ? packagePaths(at) : {}),
    ...(plural === 'tasks' ? taskPaths(at, one) : {}),
    ...(plural === 'approvals' ? decisionPaths(at, one) : {}),
  };
}

/** Of a Task: what people tell it. */
function taskPaths(
  at: string,
  one: Pick<Parameters<typeof operation>[0], 'answer' | 'failure' | 'parameters'>,
): Record<string, Operations> {
  const post = (id: string, summary: string, body?: OpenApiSchema): Operations => ({
    post: operation({ id, summary, ...one, ...(body === undefined ? {} : { body }) }),
  });
  return {
    [`${at}/{name}/answers`]: post('answerTask', 'Answers a question of a Task', ref('Answer')),
    [`${at}/{name}/cancel`]: post('cancelTask', 'Stops a Task'),
    [`${at}/{name}/confirm`]: post('confirmTask', 'Lets a Task go on that waits for a person'),
    [`${at}/{name}/events`]: post(
      'sendEvent',
      'Sends an event to the step of a Task that waits for it',
      ref('NewEvent'),
    ),
    [`${at}/{name}/retry`]: post(
      'retryTask',
      'Runs a step of a Task that has ended again, or all that have failed',
      ref('Retry'),
    ),
    [`${at}/{name}/webhooks`]: {
      post: operation({
        id: 'addressOfStep',
        summary: 'Hands out the address of a step that waits for a call',
        ...{ ...one, body: ref('AddressRequest'), answer: ref('NodeAddress') },
      }),
    },
    [`${at}/{name}/log`]: {
      get: operation({
        id: 'readLog',
        summary: 'The log of a Task as text; as lines of JSON for Accept: application/x-ndjson',
        ...{ ...one, answer: { type: 'string' }, answerType: 'text/plain' },
      }),
    },
    [`${at}/{name}/messages`]: {
      get: operation({
        id: 'readMessages',
        summary: 'The conversation that a Task is',
        ...{ ...one, answer: ref('Conversation') },
      }),
      ...post(
        'postMessage',
        'Says something to the agents of a Task, whether it runs or has finished',
        ref('NewMessage'),
      ),
    },
  };
}

/** Of an Approval: what people decide. */
function decisionPaths(
  at: string,
  one: Pick<Parameters<typeof operation>[0], 'answer' | 'failure' | 'parameters'>,
): Record<string, Operations> {
  const body = ref('Decision');
  const post = (id: string, summary: string): Operations => ({
    post: operation({ id, summary, ...one, body }),
  });
  return {
    [`${at}/{name}/approve`]: post(
      'approve',
      'Says yes to an Approval, or answers the question that it asks',
    ),
    [`${at}/{name}/reject`]: post('reject', 'Says no to an Approval'),
  };
}

function envelopePaths(at: string, { kind }: Resource, id: string): Record<string, Operations> {
  const failure = 'Failure' as const;
  const answer = successOf(ref(kind));
  const one = { parameters: [NAME], failure, answer };
  const items = successOf({ type: 'array', items: ref(kind) });
  const deleted = successOf({ type: 'object', properties: { deleted: { type: 'boolean' } } });
  return {
    [at]: {
      get: operation({
        id: `list${id}s`,
        summary: `A page of ${kind}s`,
        parameters: PAGING,
        answer: items,
        failure,
      }),
      post: operation({
        id: `create${id}`,
        summary: `Creates a ${kind}`,
        code: 201,
        body: ref(kind),
        answer,
        failure,
      }),
    },
    [`${at}/{name}`]: {
      get: operation({ id: `get${id}`, summary: `A ${kind}`, ...one }),
      put: operation({ id: `replace${id}`, summary: `Replaces a ${kind}`, ...one, body: ref(kind) }),
      delete: operation({ id: `delete${id}`, summary: `Deletes a ${kind}`, ...one, answer: deleted }),
    },
  };
}

function batchPaths(): Record<string, Operations> {
  const manifests = { type: 'array', items: { type: 'object', required: ['kind', 'metadata'] } };
  const of = (id: string, summary: string): Operations => ({
    post: operation({
      ...{ id, summary, parameters: [NAMESPACE], body: manifests },
      ...{ answer: ref('BatchResult'), failure: 'CompatibleFailure' },
    }),
  });
  return {
    '/api/v1/namespaces/{namespace}/apply': of('applyBatch', 'Creates or replaces each manifest of a list'),
    '/api/v1/namespaces/{namespace}/delete': of('deleteBatch', 'Deletes each object of a list'),
  };
}
