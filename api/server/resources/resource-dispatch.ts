import { qualifiedResource } from '../../machinery/group-version-kind.ts';
import { notFound, StatusError } from '../../machinery/status-error.ts';
import { isTask } from '../../registry/resource.ts';
import type { Resource } from '../../registry/resource.ts';
import type { TaskLogs } from '../../registry/tasks/task-log.ts';
import { handleAppendLog, handleMessages, handleReadLog } from './log-handlers.ts';
import { handleGet, handleList } from './read-handlers.ts';
import type { RequestAttributes, ResourceAttributes } from '../access/request-attributes.ts';
import { setWarnings } from '../answer/reply.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import type { HandlerOptions, RequestContext } from '../server-environment.ts';
import { createUnknownPath } from './unknown-path.ts';
import { handleWatch } from './watch-handler.ts';
import {
  handleCreate,
  handleDelete,
  handleDeleteCollection,
  handlePatch,
  handleUpdate,
} from './write-handlers.ts';

export interface DispatchOptions extends HandlerOptions {
  taskLogs: TaskLogs;
}

export type Dispatch = (c: RequestContext, attributes: RequestAttributes) => Promise<Response>;
export type Handler = (request: ResourceRequest) => Promise<Response>;

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
const PART: Handlers = new Map([
  ['get', handleGet],
  ['update', handleUpdate],
  ['patch', handlePatch],
]);
const FINALIZE: Handlers = new Map([['update', handleUpdate]]);

/** Finds the kind that a path names, as it is served at this moment, and the handler of the verb. */
export function createDispatch(options: DispatchOptions): Dispatch {
  const { catalog } = options.registry;
  const unknown = createUnknownPath(catalog);
  const logHandlers = taskLogHandlers(options.taskLogs);
  return async (c, { verb, resource: attributes }) => {
    const resource = attributes && catalog.find(attributes);
    if (resource === undefined || attributes === undefined || !resource.served) return unknown(attributes);
    if (resource.deprecationWarning !== undefined) setWarnings(c, [resource.deprecationWarning]);
    const handlers = handlersFor(resource, attributes, logHandlers);
    if (handlers === undefined) {
      if (isKnownPlace(resource, attributes)) throw notFound(resource, attributes.name);
      return unknown(attributes);
    }
    const handler = handlers.get(verb);
    if (handler !== undefined) return handler({ c, resource, attributes, options });
    // The collection of all namespaces is for reading only.
    if (
      handlers === ALL_NAMESPACES &&
      (!resource.builtIn || verb === 'create' || verb === 'deletecollection')
    )
      return unknown(attributes);
    throw methodNotAllowed(resource, verb);
  };
}

/** Undefined where the kind has no such path. */
function handlersFor(
  resource: Resource,
  { name, namespace, subresource }: ResourceAttributes,
  logHandlers: ReadonlyMap<string, Handlers>,
): Handlers | undefined {
  const isNamespaced = resource.scope === 'Namespaced';
  if (!isNamespaced && namespace !== '') return undefined;
  if (isNamespaced && namespace === '') return name === '' ? ALL_NAMESPACES : undefined;
  if (name === '') return COLLECTION;
  switch (subresource) {
    case undefined:
      return ITEM;
    case 'status':
      return resource.hasStatus ? PART : undefined;
    case 'scale':
      return resource.scale === undefined ? undefined : PART;
    case 'finalize':
      return resource.group === '' && resource.plural === 'namespaces' ? FINALIZE : undefined;
    default:
      return isTask(resource) ? logHandlers.get(subresource) : undefined;
  }
}

/** Custom resources answer for parts that they do not have as for an object that is not there (customresource_handler.go). */
function isKnownPlace(resource: Resource, { namespace, subresource }: ResourceAttributes): boolean {
  const fits = (resource.scope === 'Namespaced') === (namespace !== '');
  return !resource.builtIn && fits && subresource !== undefined;
}

function taskLogHandlers(taskLogs: TaskLogs): ReadonlyMap<string, Handlers> {
  return new Map<string, Handlers>([
    [
      'log',
      new Map<string, Handler>([
        ['get', (request) => handleReadLog(request, taskLogs)],
        ['create', (request) => handleAppendLog(request, taskLogs)],
      ]),
    ],
    ['messages', new Map<string, Handler>([['get', (request) => handleMessages(request, taskLogs)]])],
  ]);
}

/** Verbs of requests for resources; what else a client may send has none. */
const VERBS = new Set(['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']);

/** Kubernetes' own kinds answer as its router does, custom resources as their handler (customresource_handler.go). */
function methodNotAllowed(resource: Resource, verb: string): StatusError {
  if (resource.builtIn) {
    const text = 'the server does not allow this method on the requested resource';
    return new StatusError('MethodNotAllowed', text, { details: {} });
  }
  const asked = VERBS.has(verb) ? verb : '';
  const { group, plural } = resource;
  const text = `${asked} is not supported on resources of kind "${qualifiedResource(resource)}"`;
  return new StatusError('MethodNotAllowed', text, { details: { group, kind: plural } });
}
