import { StatusError } from '../../machinery/status-error.ts';
import { replyJson } from '../answer/reply.ts';
import { targetOf } from '../request/resource-request.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { writeOptions } from '../request/write-options.ts';
import { readWritten } from '../request/written-object.ts';
import { auditedList, listQuery } from '../resources/read-handlers.ts';
import { success } from './envelope.ts';
import type { Pagination } from './envelope.ts';
import { readManifest, replaceObject } from './replace-object.ts';

/** Objects a page of a list has, unless `?limit=` says so. */
const PAGE = 100;

type Handler = (request: ResourceRequest) => Promise<Response>;

const COLLECTION: Readonly<Record<string, Handler>> = { GET: list, POST: create };
const OBJECT: Readonly<Record<string, Handler>> = { GET: read, PUT: replace, DELETE: remove };

/** Kinds of ours, in the uniform envelope. @throws StatusError MethodNotAllowed, NotFound for parts of objects */
export function handleEnvelope(request: ResourceRequest): Promise<Response> {
  const { name, subresource } = request.place;
  if (subresource !== '') {
    throw new StatusError('NotFound', 'the server could not find the requested resource');
  }
  const handler = (name === '' ? COLLECTION : OBJECT)[request.c.req.method];
  if (handler === undefined) {
    throw new StatusError(
      'MethodNotAllowed',
      'the server does not allow this method on the requested resource',
    );
  }
  return handler(request);
}

function answer({ c, options }: ResourceRequest, data: unknown, status = 200): Response {
  c.var.audited?.responseObject(() => data);
  return replyJson(success({ c, clock: options.clock }, data), { status });
}

async function list(request: ResourceRequest): Promise<Response> {
  const { c, options } = request;
  const query = listQuery(request);
  const page = await options.registry.list({ ...query, limit: query.limit ?? PAGE });
  const pagination: Pagination = {
    ...(page.continue === undefined ? {} : { continue: page.continue }),
    ...(page.remainingItemCount === undefined ? {} : { remaining: page.remainingItemCount }),
  };
  c.var.audited?.responseObject(() => auditedList(request.resource, page));
  const data = page.items.map(({ object }) => object);
  return replyJson(success({ c, clock: options.clock }, data, pagination));
}

async function read(request: ResourceRequest): Promise<Response> {
  const found = await request.options.registry.get({
    target: targetOf(request),
    user: request.c.var.user,
  });
  return answer(request, found.object);
}

async function create(request: ResourceRequest): Promise<Response> {
  const { resource, options, place } = request;
  const { namespace } = place;
  const { value } = await readWritten(request.c, { kind: resource.kind, protobuf: false });
  const { object: body } = readManifest(value, resource, namespace);
  const write = writeOptions(request, 'CreateOptions');
  const created = await options.registry.create({ resource, namespace, body, ...write });
  return answer(request, created.object.object, 201);
}

async function replace(request: ResourceRequest): Promise<Response> {
  const { resource, options, place } = request;
  const { value } = await readWritten(request.c, { kind: resource.kind, protobuf: false });
  const { object } = readManifest(value, resource, place.namespace);
  const write = writeOptions(request, 'UpdateOptions');
  const written = await replaceObject(options.registry, { target: targetOf(request), object, ...write });
  return answer(request, written.object.object);
}

async function remove(request: ResourceRequest): Promise<Response> {
  const target = targetOf(request);
  const { user, dryRun } = writeOptions(request, 'DeleteOptions');
  const { gone } = await request.options.registry.delete({ target, user, dryRun });
  return answer(request, { kind: target.resource.kind, name: target.name, deleted: gone });
}
