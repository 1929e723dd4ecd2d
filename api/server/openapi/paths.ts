import type { Resource } from '../../registry/resource.ts';
import { groupVersionPath } from '../discovery/group-versions.ts';
import { subresourcesOf } from '../resources/subresources.ts';
import type { Subresource } from '../resources/subresources.ts';
import { verbsOf } from '../resources/verbs.ts';
import { describedItem } from './described-paths.ts';
import { modelName } from './model-name.ts';
import { capitalized, contentOf, OBJECT_TYPES, operation } from './operation.ts';
import type { Content, Operation, OperationShape, PathItem } from './operation.ts';
import { DELETE, DELETE_COLLECTION, LIST, NAME, NAMESPACE, PATCH, PRETTY, WRITE } from './parameters.ts';
import { META, schemaRef } from './schema.ts';

/** Where a kind is served and how its operations are named. */
interface Place {
  resource: Resource;
  /** Ends the operationIds of the path. */
  suffix: string;
  /** ` of` a subresource in descriptions. */
  of: string;
  /** Name of the schema of what is read and written. */
  schema: string;
}

/** The paths of one kind (apiextensions-apiserver pkg/controller/openapi/builder generateBuilder). */
export function resourcePaths(resource: Resource): Record<string, PathItem> {
  const root = groupVersionPath(resource);
  const isNamespaced = resource.scope === 'Namespaced';
  const collection = `${root}${isNamespaced ? '/namespaces/{namespace}' : ''}/${resource.plural}`;
  const shared = isNamespaced ? [NAMESPACE, PRETTY] : [PRETTY];
  const place: Place = {
    resource,
    suffix: `${isNamespaced ? 'Namespaced' : ''}${resource.kind}`,
    of: '',
    schema: modelName(resource, resource.kind),
  };
  const item = `${collection}/{name}`;
  const paths: Record<string, PathItem> = {
    [collection]: { ...collectionItem(place), parameters: shared },
  };
  if (resource.virtual === true) return paths;
  paths[item] = { ...objectItem(place), parameters: [NAME, ...shared] };
  if (isNamespaced) {
    const everywhere = { ...place, suffix: `${resource.kind}ForAllNamespaces` };
    paths[`${root}/${resource.plural}`] = { get: listing(everywhere), parameters: [PRETTY] };
  }
  const ofItem = [NAME, ...shared];
  for (const subresource of subresourcesOf(resource)) {
    const operations = describedItem(resource, subresource.name) ?? subresourceItem(place, subresource);
    paths[`${item}/${subresource.name}`] = { ...operations, parameters: ofItem };
  }
  return paths;
}

/** The requests and answers of a subresource that speaks of an object. */
function subresourceItem(place: Place, { name, kind, handlers }: Subresource): PathItem {
  const sub = {
    ...place,
    suffix: `${place.suffix}${capitalized(name)}`,
    of: ` ${name} of`,
    ...(kind && { schema: modelName({ ...kind, builtIn: true }, kind.kind) }),
  };
  return {
    ...(handlers.has('get') && { get: reading(sub) }),
    ...(handlers.has('update') && { put: replacement(sub) }),
    ...(handlers.has('create') && { post: creation(sub) }),
    ...(handlers.has('patch') && { patch: patching(sub) }),
  };
}

function creation(place: Place): Operation {
  return made(place, {
    verb: 'create',
    action: 'post',
    description: `create${place.of === '' ? ' a' : place.of} ${place.resource.kind}`,
    parameters: WRITE,
    body: { required: true, content: objectOf(place) },
    answers: { '200': objectOf(place), '201': objectOf(place), '202': objectOf(place) },
  });
}

function collectionItem(place: Place): PathItem {
  const { resource } = place;
  const clear = made(place, {
    verb: 'deleteCollection',
    action: 'deletecollection',
    description: `delete collection of ${resource.kind}`,
    parameters: DELETE_COLLECTION,
    body: deleteBody,
    answers: { '200': listContent(place) },
  });
  const verbs = verbsOf(resource);
  return {
    ...(verbs.includes('list') && { get: listing(place) }),
    ...(verbs.includes('create') && { post: creation(place) }),
    ...(verbs.includes('deletecollection') && { delete: clear }),
  };
}

function objectItem(place: Place): PathItem {
  const get = reading(place);
  if (place.resource.readOnly !== undefined) return { get };
  return { get, put: replacement(place), patch: patching(place), delete: deletion(place) };
}

function reading(place: Place): Operation {
  const description = `read${place.of} the specified ${place.resource.kind}`;
  return made(place, { verb: 'read', action: 'get', description, answers: { '200': objectOf(place) } });
}

function replacement(place: Place): Operation {
  return made(place, {
    verb: 'replace',
    action: 'put',
    description: `replace${place.of} the specified ${place.resource.kind}`,
    parameters: WRITE,
    body: { required: true, content: objectOf(place) },
    answers: { '200': objectOf(place), '201': objectOf(place) },
  });
}

function patching(place: Place): Operation {
  const { kind, builtIn } = place.resource;
  return made(place, {
    verb: 'patch',
    action: 'patch',
    description: `partially update${place.of} the specified ${kind}`,
    parameters: PATCH,
    body: { required: true, content: patchContent(builtIn) },
    answers: { '200': objectOf(place), '201': objectOf(place) },
  });
}

function listing(place: Place): Operation {
  const watched = contentOf(['application/json;stream=watch'], schemaRef(`${META}.WatchEvent`));
  return made(place, {
    verb: 'list',
    action: 'list',
    description: `list or watch objects of kind ${place.resource.kind}`,
    parameters: LIST,
    answers: { '200': { ...listContent(place), ...watched } },
  });
}

/** The answer is the object while finalizers keep it, else a Status. */
function deletion(place: Place): Operation {
  const either = { anyOf: [schemaRef(`${META}.Status`), schemaRef(place.schema)] };
  const content = contentOf(OBJECT_TYPES, either);
  return made(place, {
    verb: 'delete',
    action: 'delete',
    description: `delete a ${place.resource.kind}`,
    parameters: DELETE,
    body: deleteBody,
    answers: { '200': content, '202': content },
  });
}

const made = ({ resource, suffix }: Place, shape: OperationShape): Operation =>
  operation(resource, suffix, shape);

const objectOf = ({ schema }: Place): Content => contentOf(OBJECT_TYPES, schemaRef(schema));

const listContent = ({ resource }: Place): Content =>
  contentOf(OBJECT_TYPES, schemaRef(modelName(resource, resource.listKind)));

const deleteBody = { content: contentOf(OBJECT_TYPES, schemaRef(`${META}.DeleteOptions`)) };

/** kubectl sends strategic merge patches to the kinds that say they take them. */
function patchContent(builtIn: boolean): Content {
  const types = [
    'application/apply-patch+yaml',
    'application/merge-patch+json',
    ...(builtIn ? ['application/strategic-merge-patch+json'] : []),
  ];
  return {
    'application/json-patch+json': { schema: JSON_PATCH },
    ...contentOf(types, schemaRef(`${META}.Patch`)),
  };
}

/** RFC 6902. */
const JSON_PATCH = {
  type: 'array',
  items: {
    type: 'object',
    required: ['op', 'path'],
    properties: {
      op: { type: 'string', enum: ['add', 'copy', 'move', 'remove', 'replace', 'test'] },
      path: { type: 'string' },
      from: { type: 'string' },
      value: {},
    },
  },
};
