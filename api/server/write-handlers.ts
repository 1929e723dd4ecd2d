import { badRequest, isStatusError, type StatusDetails } from '../machinery/status-error.ts';
import type { DeleteRequest, PatchRequest, WriteResult } from '../registry/requests.ts';
import type { Resource } from '../registry/resource.ts';
import { parseJson, readBody, readObject, unsupported } from './body.ts';
import { parseMediaType } from './media-type.ts';
import { PROTOBUF } from './protobuf-body.ts';
import { collectionQuery, isDryRun, isTrue, writeOptions } from './query.ts';
import type { Representation } from './list-text.ts';
import { reply, replyJson } from './reply.ts';
import { representationFor, targetOf } from './resource-request.ts';
import type { HandlerOptions, RequestContext } from './server-environment.ts';

interface Handled {
  resource: Resource;
  options: HandlerOptions;
  subresource?: 'status';
}

/** `representation` is worked out before anything is written: a request that is refused has no effect. */
function replyWritten(representation: Representation, result: WriteResult & { status?: number }): Response {
  const { contentType } = representation;
  const { warnings, status = 200 } = result;
  return reply(representation.object(result.object), { contentType, warnings, status });
}

export async function handleCreate(c: RequestContext, handled: Handled): Promise<Response> {
  const { resource, options } = handled;
  const namespace = c.req.param('namespace') ?? '';
  const write = writeOptions(c);
  const representation = representationFor(c, resource, options);
  const body = await readObject(c.env.incoming, { kind: resource.kind, protobuf: resource.builtIn });
  const result = await options.registry.create({ resource, namespace, body, ...write });
  return replyWritten(representation, { ...result, status: 201 });
}

export async function handleUpdate(c: RequestContext, handled: Handled): Promise<Response> {
  const { resource, options, subresource } = handled;
  const write = writeOptions(c);
  const representation = representationFor(c, resource, options);
  const body = await readObject(c.env.incoming, { kind: resource.kind, protobuf: resource.builtIn });
  const target = targetOf(c, resource);
  const result = await options.registry.update({
    target,
    body,
    ...write,
    ...(subresource && { subresource }),
  });
  return replyWritten(representation, result);
}

const PATCH_TYPES: ReadonlyMap<string, PatchRequest['type']> = new Map([
  ['application/json-patch+json', 'json'],
  ['application/merge-patch+json', 'merge'],
]);
const STRATEGIC = 'application/strategic-merge-patch+json';

export async function handlePatch(c: RequestContext, handled: Handled): Promise<Response> {
  const { resource, options, subresource } = handled;
  const write = writeOptions(c);
  const representation = representationFor(c, resource, options);
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
  return replyWritten(representation, await options.registry.patch(request));
}

/** The object while finalizers keep it, else a Status with its uid. */
export async function handleDelete(c: RequestContext, handled: Handled): Promise<Response> {
  const { resource, options } = handled;
  const target = targetOf(c, resource);
  const representation = representationFor(c, resource, options);
  const result = await options.registry.delete({ target, ...(await deleteOptions(c)) });
  if (!result.gone) return replyWritten(representation, result);
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
  const representation = representationFor(c, resource, options);
  const given = await deleteOptions(c);
  const list = await registry.list(collectionQuery(c, resource));
  for (const { object } of list.items) {
    const { name, namespace = '' } = object.metadata;
    try {
      await registry.delete({ target: { resource, namespace, name }, ...given });
    } catch (error) {
      // Somebody else deleted it: the others are still to go (kube-apiserver store.go DeleteCollection).
      if (!isStatusError(error, 'NotFound')) throw error;
    }
  }
  return reply(representation.list(list), representation);
}

/**
 * From the query and the body; the body may be empty and needs no kind. What is of a wrong type is refused: whoever
 * meant a dry run or a precondition must not lose the object.
 */
async function deleteOptions(c: RequestContext): Promise<Omit<DeleteRequest, 'target'>> {
  const body = fieldsOf(await deleteBody(c), 'the body of a delete must be DeleteOptions');
  const { kind, preconditions, dryRun = [] } = body;
  if (kind !== undefined && kind !== '' && kind !== 'DeleteOptions') {
    throw badRequest(`the body of a delete must be DeleteOptions, not ${JSON.stringify(kind)}`);
  }
  if (dryRun !== null && !(Array.isArray(dryRun) && dryRun.every((one) => typeof one === 'string'))) {
    throw badRequest('dryRun: Invalid value: must be a list of texts, such as ["All"]');
  }
  const policy = propagationPolicy(c, body);
  return {
    dryRun: isDryRun([...(c.req.queries('dryRun') ?? []), ...(dryRun ?? [])]),
    ...(policy === '' ? {} : { propagationPolicy: policy }),
    ...(preconditions === undefined || preconditions === null
      ? {}
      : { preconditions: parsePreconditions(preconditions) }),
  };
}

/** `orphanDependents` is the old way to say Orphan. */
function propagationPolicy(c: RequestContext, body: Record<string, unknown>): string {
  const orphans = body['orphanDependents'] === true || isTrue(c.req.query('orphanDependents'));
  const policy = textOf(body, 'propagationPolicy') ?? c.req.query('propagationPolicy') ?? '';
  return policy === '' && orphans ? 'Orphan' : policy;
}

function fieldsOf(value: unknown, message: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badRequest(message);
  return value as Record<string, unknown>;
}

function textOf(fields: Record<string, unknown>, name: string): string | undefined {
  const value = fields[name] ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw badRequest(`${name}: Invalid value: must be a text`);
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
  const fields = fieldsOf(value, 'preconditions: Invalid value: must be an object');
  const uid = textOf(fields, 'uid');
  const resourceVersion = textOf(fields, 'resourceVersion');
  return {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
}
