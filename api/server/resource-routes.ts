import type { Hono } from 'hono';
import { formatApiVersion } from '../machinery/group-version-kind.ts';
import { StatusError } from '../machinery/status-error.ts';
import type { Resource } from '../registry/resource.ts';
import { handleGet, handleList } from './read-handlers.ts';
import type { HandlerOptions, ServerTypes } from './server-environment.ts';
import {
  handleCreate,
  handleDelete,
  handleDeleteCollection,
  handlePatch,
  handleUpdate,
} from './write-handlers.ts';

/** `/api/v1` or `/apis/GROUP/VERSION`. */
export function versionPath(resource: { group: string; version: string }): string {
  return `${resource.group === '' ? '/api' : '/apis'}/${formatApiVersion(resource)}`;
}

/** The path of a collection; `:namespace` stands in it for namespaced kinds. */
export function collectionPath(resource: Resource): string {
  const place = resource.scope === 'Namespaced' ? '/namespaces/:namespace' : '';
  return `${versionPath(resource)}${place}/${resource.plural}`;
}

export function mountResource(app: Hono<ServerTypes>, resource: Resource, options: HandlerOptions): void {
  const collection = collectionPath(resource);
  const handled = { resource, options };
  app.get(collection, (c) => handleList(c, resource, options));
  app.post(collection, (c) => handleCreate(c, handled));
  app.delete(collection, (c) => handleDeleteCollection(c, handled));
  app.all(collection, methodNotAllowed);
  if (resource.scope === 'Namespaced') {
    app.get(`${versionPath(resource)}/${resource.plural}`, (c) => handleList(c, resource, options));
  }
  const item = `${collection}/:name`;
  app.get(item, (c) => handleGet(c, resource, options));
  app.put(item, (c) => handleUpdate(c, handled));
  app.patch(item, (c) => handlePatch(c, handled));
  app.delete(item, (c) => handleDelete(c, handled));
  app.all(item, methodNotAllowed);
  if (resource.hasStatus) mountStatus(app, resource, options);
}

function mountStatus(app: Hono<ServerTypes>, resource: Resource, options: HandlerOptions): void {
  const path = `${collectionPath(resource)}/:name/status`;
  const handled = { resource, options, subresource: 'status' } as const;
  app.get(path, (c) => handleGet(c, resource, options));
  app.put(path, (c) => handleUpdate(c, handled));
  app.patch(path, (c) => handlePatch(c, handled));
  app.all(path, methodNotAllowed);
}

export function methodNotAllowed(): never {
  throw new StatusError(
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
  );
}
