import { formatApiVersion } from '../../machinery/group-version-kind.ts';
import { META, schemaRef } from './meta-schemas.ts';
import type { OpenApiSchema } from './meta-schemas.ts';
import type { Resource } from '../../registry/resource.ts';

interface Parameter {
  name: string;
  in: 'path' | 'query';
  description: string;
  required?: boolean;
  schema: OpenApiSchema;
}

interface Operation {
  description: string;
  operationId: string;
  tags: string[];
  parameters?: Parameter[];
  requestBody?: object;
  responses: Record<string, object>;
  /** kubectl finds the operations of a kind by these two. */
  'x-kubernetes-action': string;
  'x-kubernetes-group-version-kind': { group: string; version: string; kind: string };
}

export type PathItem = Partial<Record<'delete' | 'get' | 'patch' | 'post' | 'put', Operation>> & {
  parameters: Parameter[];
};

interface Context {
  definition: Resource;
  /** Name of the kind's schema, without the path to it. */
  schema: string;
  /** Ends the operationIds of the path. */
  suffix: string;
}

const query = (name: string, type: string, description: string): Parameter => ({
  name,
  in: 'query',
  description,
  schema: { type, uniqueItems: true },
});
const inPath = (name: string, description: string): Parameter => ({
  name,
  in: 'path',
  description,
  required: true,
  schema: { type: 'string', uniqueItems: true },
});

const PRETTY = query('pretty', 'string', "If 'true', the answer is indented.");
/** kubectl decides by the parameters of PATCH whether the server knows dry runs and field validation. */
const WRITE = [
  query('dryRun', 'string', 'All: do everything but store it.'),
  query('fieldManager', 'string', 'Name of the writer, for managedFields.'),
  query('fieldValidation', 'string', 'Ignore, Warn or Strict: what happens to unknown fields.'),
];
const PATCH = [...WRITE, query('force', 'boolean', 'Apply even fields that another writer manages.')];
const DELETE = [
  query('dryRun', 'string', 'All: do everything but store it.'),
  query('gracePeriodSeconds', 'integer', 'Seconds until the deletion.'),
  query('propagationPolicy', 'string', 'Orphan, Background or Foreground: what happens to dependents.'),
];
const LIST = [
  query('allowWatchBookmarks', 'boolean', 'Whether a watch may send bookmarks.'),
  query('continue', 'string', 'Token of the page before.'),
  query('fieldSelector', 'string', 'Restricts the list by fields.'),
  query('labelSelector', 'string', 'Restricts the list by labels.'),
  query('limit', 'integer', 'How many objects a page has at most.'),
  query('resourceVersion', 'string', 'The version to read or to watch from.'),
  query('resourceVersionMatch', 'string', 'Exact or NotOlderThan: how resourceVersion is meant.'),
  query('sendInitialEvents', 'boolean', 'Whether a watch starts with what there is.'),
  query('timeoutSeconds', 'integer', 'How long the call takes at most.'),
  query('watch', 'boolean', 'Whether to stream the changes.'),
];
const GET = [query('resourceVersion', 'string', 'The version to read.')];

const NAMESPACE = inPath('namespace', 'Namespace of the object.');
const NAME = inPath('name', 'Name of the object.');

const READ_TYPES = ['application/json', 'application/yaml'];
const PATCH_TYPES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/apply-patch+yaml',
];

/** The paths of one kind, with the operations clients look for. */
export function resourcePaths(definition: Resource, schema: string): Record<string, PathItem> {
  const root = `/${definition.group === '' ? 'api' : 'apis'}/${formatApiVersion(definition)}`;
  const namespaced = definition.scope === 'Namespaced';
  const collection = `${root}${namespaced ? '/namespaces/{namespace}' : ''}/${definition.plural}`;
  const shared = namespaced ? [NAMESPACE, PRETTY] : [PRETTY];
  const kind = `${namespaced ? 'Namespaced' : ''}${definition.kind}`;
  const context = (suffix: string): Context => ({ definition, schema, suffix });
  const paths: Record<string, PathItem> = {
    [collection]: { ...collectionItem(context(kind)), parameters: shared },
    [`${collection}/{name}`]: { ...objectItem(context(kind)), parameters: [NAME, ...shared] },
  };
  if (namespaced) {
    const suffix = `${definition.kind}ForAllNamespaces`;
    paths[`${root}/${definition.plural}`] = { get: listOperation(context(suffix)), parameters: [PRETTY] };
  }
  if (definition.hasStatus)
    paths[`${collection}/{name}/status`] = {
      ...statusItem(context(`${kind}Status`)),
      parameters: [NAME, ...shared],
    };
  return paths;
}

function collectionItem(context: Context): Omit<PathItem, 'parameters'> {
  return {
    get: listOperation(context),
    post: operation(context, { verb: 'create', action: 'post', parameters: WRITE, body: READ_TYPES }),
    delete: operation(context, {
      verb: 'deleteCollection',
      action: 'deletecollection',
      parameters: [...DELETE, ...LIST],
    }),
  };
}

function objectItem(context: Context): Omit<PathItem, 'parameters'> {
  return {
    ...statusItem(context),
    delete: operation(context, { verb: 'delete', action: 'delete', parameters: DELETE }),
  };
}

function statusItem(context: Context): Omit<PathItem, 'parameters'> {
  return {
    get: operation(context, { verb: 'read', action: 'get', parameters: GET }),
    put: operation(context, { verb: 'replace', action: 'put', parameters: WRITE, body: READ_TYPES }),
    patch: operation(context, { verb: 'patch', action: 'patch', parameters: PATCH, body: PATCH_TYPES }),
  };
}

function listOperation(context: Context): Operation {
  return operation(context, { verb: 'list', action: 'list', parameters: LIST });
}

interface OperationShape {
  verb: string;
  action: string;
  parameters: Parameter[];
  /** Content types of the body; none when absent. */
  body?: string[];
}

function operation(context: Context, shape: OperationShape): Operation {
  const { definition, schema, suffix } = context;
  const { group, version, kind } = definition;
  return {
    description: `${shape.verb} ${shape.action === 'list' ? 'objects' : 'an object'} of kind ${kind}`,
    operationId: `${shape.verb}${operationGroup(definition)}${suffix}`,
    tags: [operationTag(definition)],
    parameters: shape.parameters,
    ...(shape.body === undefined ? {} : { requestBody: requestBody(shape, schema) }),
    responses: responses(shape, schema),
    'x-kubernetes-action': shape.action,
    'x-kubernetes-group-version-kind': { group, version, kind },
  };
}

function requestBody(shape: OperationShape, schema: string): object {
  const name = shape.action === 'patch' ? `${META}.Patch` : schema;
  return { required: true, content: contentOf(shape.body ?? [], name) };
}

function responses(shape: OperationShape, schema: string): Record<string, object> {
  const name = { list: `${schema}List`, delete: `${META}.Status`, deletecollection: `${META}.Status` }[
    shape.action
  ];
  const ok = { description: 'OK', content: contentOf(READ_TYPES, name ?? schema) };
  const created = { ...ok, description: 'Created' };
  const unauthorized = { description: 'Unauthorized' };
  if (shape.action === 'post') return { '200': ok, '201': created, '401': unauthorized };
  if (shape.action === 'put' || shape.action === 'patch')
    return { '200': ok, '201': created, '401': unauthorized };
  return { '200': ok, '401': unauthorized };
}

function contentOf(types: string[], schema: string): Record<string, { schema: OpenApiSchema }> {
  return Object.fromEntries(types.map((type) => [type, { schema: schemaRef(schema) }]));
}

/** `AgentWecodeIoV1`, `CoreV1`. */
function operationGroup({ group, version }: Resource): string {
  const words = group === '' ? ['core'] : group.split('.');
  return [...words, version].map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

function operationTag({ group, version }: Resource): string {
  return `${group === '' ? 'core' : group.replaceAll('.', '')}_${version}`;
}
