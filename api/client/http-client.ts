import type { KubeList, KubeObject } from '../machinery/meta.ts';
import type { ObjectRef, ResourceType } from '../machinery/resource-type.ts';
import { ignoreNotFound, StatusError } from '../machinery/status-error.ts';
import type { WatchEvent } from '../machinery/watch-event.ts';
import type { ApplyOptions, Client, ListOptions, WatchOptions } from './client.ts';
import { discoverResources } from './discovery.ts';
import { queryString, resourcePath } from './resource-path.ts';
import { transportWithin } from './transport.ts';
import type { Transport } from './transport.ts';

const PATCH_TYPES = { merge: 'application/merge-patch+json', json: 'application/json-patch+json' };

const METADATA_TYPE = ';as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json';
const METADATA_LIST_TYPE = ';as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json';

/** kube-apiserver writes an empty list of metadata without its items, as null. */
type WrittenList<T extends KubeObject> = Omit<KubeList<T>, 'items'> & { items: T[] | null };

/** The Client over HTTP. */
export function createHttpClient(options: { transport: Transport }): Client {
  const { transport } = options;

  function put<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    subresource?: 'finalize' | 'status',
  ): Promise<T> {
    const path = resourcePath(type, {
      namespace: object.metadata.namespace,
      name: object.metadata.name,
      ...(subresource === undefined ? {} : { subresource }),
    });
    return transport.send({ method: 'PUT', path, body: object }).then(parseBody<T>);
  }

  return {
    within: (signal) => createHttpClient({ transport: transportWithin(transport, signal) }),
    get: (type, ref) => getObject(transport, type, ref),
    find: (type, ref) => ignoreNotFound(getObject(transport, type, ref)),
    async list<T extends KubeObject>(type: ResourceType<T>, list: ListOptions = {}) {
      const path = resourcePath(type, { namespace: list.namespace }) + queryString(listQuery(list));
      const accept = list.metadataOnly === true ? { accept: `application/json${METADATA_LIST_TYPE}` } : {};
      const answer = await transport.send({ method: 'GET', path, signal: list.signal, ...accept });
      const page = parseBody<WrittenList<T>>(answer);
      return { ...page, items: page.items ?? [] };
    },
    async create(type, object) {
      const { namespace } = object.metadata;
      if (type.namespaced && (namespace === undefined || namespace === '')) {
        throw new StatusError('BadRequest', `a ${type.kind} needs metadata.namespace`);
      }
      const path = resourcePath(type, { namespace });
      return parseBody(await transport.send({ method: 'POST', path, body: object }));
    },
    createPart: (type, ref, part) => postPart(transport, type, { ref, ...part }),
    update: (type, object) => put(type, object),
    updateStatus: (type, object) => put(type, object, 'status'),
    finalize: (type, object) => put(type, object, 'finalize'),
    async patch(type, ref, patch) {
      const path = resourcePath(type, {
        ...ref,
        ...(patch.subresource === undefined ? {} : { subresource: patch.subresource }),
      });
      const contentType = PATCH_TYPES[patch.type];
      return parseBody(await transport.send({ method: 'PATCH', path, body: patch.body, contentType }));
    },
    apply: (type, object, options) => applyObject(transport, type, { object, ...options }),
    async delete(type, ref, options = {}) {
      const body = { kind: 'DeleteOptions', apiVersion: 'v1', ...options };
      await transport.send({ method: 'DELETE', path: resourcePath(type, ref), body });
    },
    async deleteCollection(type, { namespace, ...options }) {
      const body = { kind: 'DeleteOptions', apiVersion: 'v1', ...options };
      await transport.send({ method: 'DELETE', path: resourcePath(type, { namespace }), body });
    },
    discover: () => discoverResources(transport),
    watch: (type, options) => watch(transport, type, options),
  };
}

async function applyObject<T extends KubeObject>(
  transport: Transport,
  type: ResourceType<T>,
  { object, fieldManager, force, dryRun = false }: ApplyOptions & { object: T },
): Promise<T> {
  const query = queryString({
    fieldManager,
    force,
    fieldValidation: 'Strict',
    dryRun: dryRun ? 'All' : undefined,
  });
  const { namespace, name } = object.metadata;
  const path = resourcePath(type, { namespace, name }) + query;
  const contentType = 'application/apply-patch+yaml';
  return parseBody(await transport.send({ method: 'PATCH', path, body: object, contentType }));
}

async function postPart(
  transport: Transport,
  type: ResourceType,
  { ref, subresource, body }: { ref: ObjectRef; subresource: string; body: object },
): Promise<void> {
  await transport.send({ method: 'POST', path: resourcePath(type, { ...ref, subresource }), body });
}

async function getObject<T extends KubeObject>(
  transport: Transport,
  type: ResourceType<T>,
  ref: ObjectRef,
): Promise<T> {
  return parseBody(await transport.send({ method: 'GET', path: resourcePath(type, ref) }));
}

async function* watch<T extends KubeObject>(
  transport: Transport,
  type: ResourceType<T>,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  const query = queryString({
    ...listQuery(options),
    watch: true,
    allowWatchBookmarks: options.allowWatchBookmarks,
    timeoutSeconds: options.timeoutSeconds,
  });
  const path = resourcePath(type, { namespace: options.namespace }) + query;
  const accept = options.metadataOnly === true ? { accept: `application/json${METADATA_TYPE}` } : {};
  for await (const line of transport.lines({ method: 'GET', path, signal: options.signal, ...accept })) {
    yield parseEvent<T>(line);
  }
}

const EVENT_TYPES = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']);

function parseEvent<T extends KubeObject>(line: string): WatchEvent<T> {
  const event = parseJSON(line) as Partial<WatchEvent<T>> | null;
  if (event === null || !EVENT_TYPES.has(event.type ?? '') || typeof event.object !== 'object') {
    throw new StatusError('InternalError', 'the server sent a watch line that is no event');
  }
  return event as WatchEvent<T>;
}

function listQuery(options: ListOptions): Record<string, string | number | undefined> {
  const { labelSelector, fieldSelector, limit, resourceVersion } = options;
  return { labelSelector, fieldSelector, limit, continue: options.continue, resourceVersion };
}

// One assertion in place of one per verb: what the server sends is of the type its path names.
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- see above
function parseBody<T>(response: { text: string }): T {
  return parseJSON(response.text) as T;
}

function parseJSON(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new StatusError('InternalError', 'the server sent something that is not JSON', { cause: error });
  }
}
