import { badRequest, type StatusDetails } from '../machinery/status-error.ts';
import type { DeleteRequest, PatchRequest, WriteResult } from '../registry/requests.ts';
import type { Resource } from '../registry/resource.ts';
import { parseJson, readBody, readObject, unsupported } from './body.ts';
import { parseMediaType } from './media-type.ts';
import { PROTOBUF } from './protobuf-body.ts';
import { collectionQuery, isDryRun, writeOptions } from './query.ts';
import { reply, replyJson } from './reply.ts';
import { representationFor, targetOf } from './resource-request.ts';
import type { HandlerOptions, RequestContext } from './server-environment.ts';

interface Handled {
  resource: Resource;
  options: HandlerOptions;
  subresource?: 'status';
}

function replyWritten(
  c: RequestContext,
  handled: Handled,
  result: WriteResult & { status?: number },
): Response {
  const representation = representationFor(c, handled.resource, handled.options);
  const { contentType } = representation;
  const { warnings, status = 200 } = result;
  return reply(representation.object(result.object), { contentType, warnings, status });
}

export async function handleCreate(c: RequestContext, handled: Handled): Promise<Response> {
  const { resource, options } = handled;
  const namespace = c.req.param('namespace') ?? '';
  const write = writeOptions(c);
  const body = await readObject(c.env.incoming, { kind: resource.kind, protobuf: resource.builtIn });
  const result = await options.registry.create({ resource, namespace, body, ...write });
  return replyWritten(c, handled, { ...result, status: 201 });
}

export async function handleUpdate(c: RequestContext, handled: Handled): Promise<Response> {
  const { resource, options, subresource } = handled;
  const write = writeOptions(c);
  const body = await readObject(c.env.incoming, { kind: resource.kind, protobuf: resource.builtIn });
  const target = targetOf(c, resource);
  const result = await options.registry.update({
    target,
    body,
    ...write,
    ...(subresource && { subresource }),
  });
  return replyWritten(c, handled, result);
}

const PATCH_TYPES: ReadonlyMap<string, PatchRequest['type']> = new Map([
  ['application/json-patch+json', 'json'],
  ['application/merge-patch+json', 'merge'],
]);
const STRATEGIC = 'application/strategic-merge-patch+json';

export async function handlePatch(c: RequestContext, handled: Handled): Promise<Response> {
  const { resource, options, subresource } = handled;
  const write = writeOptions(c);
  const contentType = parseMediaType(c.req.header('content-type') ?? '').type;
  const type = contentType === STRATEGIC && resource.builtIn ? 'strategic' : PATCH_TYPES.get(contentType);
  if (type === undefined) {
    throw unsupported(contentType, [...PATCH_TYPES.keys(), ...(resource.builtIn ? [STRATEGIC] : [])]);
  }
  const body = parseJson(await readBody(c.env.incoming), resource.kind);
  const request = {
    target: targetOf(c, resource),
    type,
    body,
    ...write,
    ...(subresource && { subresource }),
  };
  return replyWritten(c, handled, await options.registry.patch(request));
}

/** The object while finalizers keep it, else a Status with its uid. */
export async function handleDelete(c: RequestContext, handled: Handled): Promise<Response> {
  const { resource, options } = handled;
  const target = targetOf(c, resource);
  const result = await options.registry.delete({ target, ...(await deleteOptions(c)) });
  if (!result.gone) return replyWritten(c, handled, result);
  const { group, plural: kind } = resource;
  const { uid } = result.object.object.metadata;
  const details: StatusDetails = {
    name: target.name,
    ...(group === '' ? {} : { group }),
    kind,
    ...(uid === undefined ? {} : { uid }),
  };
  const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
  return replyJson(success, { warnings: result.warnings });
}

/** Deletes each object that matches; the answer is the list of them. */
export async function handleDeleteCollection(c: RequestContext, handled: Handled): Promise<Response> {
  const { resource, options } = handled;
  const { registry } = options;
  const given = await deleteOptions(c);
  const list = await registry.list(collectionQuery(c, resource));
  for (const { object } of list.items) {
    const { name, namespace = '' } = object.metadata;
    await registry.delete({ target: { resource, namespace, name }, ...given });
  }
  const representation = representationFor(c, resource, options);
  return reply(representation.list(list), { contentType: representation.contentType });
}

/** From the query and the body; the body may be empty and needs no kind. */
async function deleteOptions(c: RequestContext): Promise<Omit<DeleteRequest, 'target'>> {
  const body = await deleteBody(c);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw badRequest('the body of a delete must be DeleteOptions');
  }
  const { kind, propagationPolicy, preconditions, dryRun } = body as Record<string, unknown>;
  if (kind !== undefined && kind !== '' && kind !== 'DeleteOptions') {
    throw badRequest(`the body of a delete must be DeleteOptions, not ${JSON.stringify(kind)}`);
  }
  const policy = propagationPolicy ?? c.req.query('propagationPolicy');
  const dryRuns = Array.isArray(dryRun) ? dryRun.map(String) : [];
  return {
    dryRun: isDryRun([...(c.req.queries('dryRun') ?? []), ...dryRuns]),
    ...(typeof policy === 'string' && policy !== '' ? { propagationPolicy: policy } : {}),
    ...(preconditions === undefined || preconditions === null
      ? {}
      : { preconditions: parsePreconditions(preconditions) }),
  };
}

async function deleteBody(c: RequestContext): Promise<unknown> {
  const { incoming } = c.env;
  // Some clients send a type with an empty body, others a body without a type.
  const isProtobuf = parseMediaType(incoming.headers['content-type'] ?? '').type === PROTOBUF;
  if (isProtobuf) return readObject(incoming, { kind: 'DeleteOptions', protobuf: true });
  const text = await readBody(incoming);
  return text.trim() === '' ? {} : parseJson(text, 'DeleteOptions');
}

function parsePreconditions(value: unknown): { uid?: string; resourceVersion?: string } {
  const { uid, resourceVersion } = value as { uid?: unknown; resourceVersion?: unknown };
  return {
    ...(typeof uid === 'string' ? { uid } : {}),
    ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
  };
}
