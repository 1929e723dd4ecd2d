import { qualifiedResource } from '../../machinery/group-version-kind.ts';
import { notFound, StatusError } from '../../machinery/status-error.ts';
import type { Resource } from '../../registry/resource.ts';
import { setWarnings } from '../answer/reply.ts';
import type { ResourcePath } from '../request/resource-path.ts';
import type { HandlerOptions, RequestContext } from '../server-environment.ts';
import { handleGet, handleList } from './read-handlers.ts';
import { subresourcesOf } from './subresources.ts';
import type { Handler } from './subresources.ts';
import { createUnknownPath } from './unknown-path.ts';
import { VERBS, verbsOf } from './verbs.ts';
import { handleWatch } from './watch-handler.ts';
import {
  handleCreate,
  handleDelete,
  handleDeleteCollection,
  handlePatch,
  handleUpdate,
} from './write-handlers.ts';

export type Dispatch = (c: RequestContext) => Promise<Response>;

/** By verb. */
type Handlers = ReadonlyMap<string, Handler>;

const COLLECTION: Handlers = new Map([
  ['list', handleList],
  ['watch', handleWatch],
  ['create', handleCreate],
  ['deletecollection', handleDeleteCollection],
]);
const ALL_NAMESPACES: Handlers = new Map([
  ['list', handleList],
  ['watch', handleWatch],
]);
const ITEM: Handlers = new Map([
  ['get', handleGet],
  ['watch', handleWatch],
  ['update', handleUpdate],
  ['patch', handlePatch],
  ['delete', handleDelete],
]);

/** Finds the kind that a path names, as it is served at this moment, and the handler of the verb. */
export function createDispatch(options: HandlerOptions): Dispatch {
  const { catalog } = options.registry;
  const unknown = createUnknownPath(catalog);
  return async (c) => {
    const { place, attributes } = c.var;
    const { verb } = attributes;
    const resource = place && catalog.find(place);
    if (resource === undefined || place === undefined || !resource.served) return unknown(place);
    if (resource.deprecationWarning !== undefined) setWarnings(c, [resource.deprecationWarning]);
    const handlers = handlersFor(resource, place);
    if (handlers === undefined) {
      if (isKnownPlace(resource, place)) throw notFound(resource, place.name);
      return unknown(place);
    }
    const handler = handlers.get(verb);
    if (handler !== undefined && isServed(resource, place, verb))
      return handler({ c, resource, place, options });
    // The collection of all namespaces is for reading only.
    if (
      handlers === ALL_NAMESPACES &&
      (!resource.builtIn || verb === 'create' || verb === 'deletecollection')
    )
      return unknown(place);
    throw methodNotAllowed(resource, verb);
  };
}

/** Subresources have the verbs of their handlers. */
const isServed = (resource: Resource, { subresource }: ResourcePath, verb: string): boolean =>
  subresource !== '' || verbsOf(resource).includes(verb);

/** Undefined where the kind has no such path. */
function handlersFor(
  resource: Resource,
  { name, namespace, subresource }: ResourcePath,
): Handlers | undefined {
  const isNamespaced = resource.scope === 'Namespaced';
  if (!isNamespaced && namespace !== '') return undefined;
  if (isNamespaced && namespace === '') return name === '' ? ALL_NAMESPACES : undefined;
  if (name === '') return COLLECTION;
  if (resource.virtual === true) return undefined;
  if (subresource === '') return ITEM;
  return subresourcesOf(resource).find((one) => one.name === subresource)?.handlers;
}

/** Custom resources answer for parts that they do not have as for an object that is not there (customresource_handler.go). */
function isKnownPlace(resource: Resource, { namespace, subresource }: ResourcePath): boolean {
  const fits = (resource.scope === 'Namespaced') === (namespace !== '');
  return !resource.builtIn && fits && subresource !== '';
}

/** Kubernetes' own kinds answer as its router does, custom resources as their handler (customresource_handler.go). */
function methodNotAllowed(resource: Resource, verb: string): StatusError {
  if (resource.readOnly !== undefined) return new StatusError('MethodNotAllowed', resource.readOnly);
  if (resource.builtIn) {
    const text = 'the server does not allow this method on the requested resource';
    return new StatusError('MethodNotAllowed', text, { details: {} });
  }
  const asked = VERBS.has(verb) ? verb : '';
  const { group, plural } = resource;
  const text = `${asked} is not supported on resources of kind "${qualifiedResource(resource)}"`;
  return new StatusError('MethodNotAllowed', text, { details: { group, kind: plural } });
}
