import type { StatusDetails } from '../../machinery/status-error.ts';
import type { PatchRequest, WriteOptions, WriteResult } from '../../registry/requests.ts';
import { parseJsonBody, parseYamlBody, readBody, unsupported } from '../request/body.ts';
import type { ParsedBody } from '../request/body.ts';
import { deleteOptions } from '../request/delete-options.ts';
import type { Representation } from '../answer/representation.ts';
import { parseMediaType } from '../request/media-type.ts';
import { auditedList, listQuery } from './read-handlers.ts';
import { replyPieces } from '../answer/reply-pieces.ts';
import { replyObject, replyTo, setWarnings } from '../answer/reply.ts';
import { representationFor } from '../answer/negotiated-representation.ts';
import { targetOf } from '../request/resource-request.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { subresourceOf, writeOptions } from '../request/write-options.ts';
import { readWritten } from '../request/written-object.ts';

/** `representation` is worked out before anything is written: a request that is refused has no effect. */
export function replyWritten(
  request: ResourceRequest,
  representation: Representation,
  result: WriteResult & { status?: number },
): Promise<Response> {
  const { contentType } = representation;
  const { warnings, created, status = created === true ? 201 : 200 } = result;
  request.c.var.audited?.responseObject(() => result.object.object);
  setWarnings(request.c, warnings);
  return replyTo(request, representation.object(result.object), { contentType, status });
}

export async function handleCreate(request: ResourceRequest): Promise<Response> {
  const { resource, options, place } = request;
  const { namespace } = place;
  const write = writeOptions(request, 'CreateOptions');
  const representation = representationFor(request);
  const { value: body, ...duplicates } = await readBodyOf(request, write);
  const result = await options.registry.create({ resource, namespace, body, ...write, ...duplicates });
  return replyWritten(request, representation, { ...result, created: true });
}

export async function handleUpdate(request: ResourceRequest): Promise<Response> {
  const write = writeOptions(request, 'UpdateOptions');
  const representation = representationFor(request);
  const { value: body, ...duplicates } = await readBodyOf(request, write);
  const result = await request.options.registry.update({
    target: targetOf(request),
    body,
    ...write,
    ...duplicates,
    ...partOf(request),
  });
  return replyWritten(request, representation, result);
}

function readBodyOf(request: ResourceRequest, { fieldValidation }: WriteOptions): Promise<ParsedBody> {
  const { c, resource, place } = request;
  const isScale = place.subresource === 'scale';
  return readWritten(c, {
    kind: isScale ? 'Scale' : resource.kind,
    protobuf: resource.builtIn || isScale,
    findDuplicates: fieldValidation !== 'Ignore',
  });
}

function partOf(request: ResourceRequest): Pick<PatchRequest, 'subresource'> {
  const subresource = subresourceOf(request);
  return subresource === undefined ? {} : { subresource };
}

const PATCH_TYPES: ReadonlyMap<string, PatchRequest['type']> = new Map([
  ['application/json-patch+json', 'json'],
  ['application/merge-patch+json', 'merge'],
  ['application/apply-patch+yaml', 'apply'],
]);
const STRATEGIC = 'application/strategic-merge-patch+json';

export async function handlePatch(request: ResourceRequest): Promise<Response> {
  const { c, options } = request;
  const write = writeOptions(request, 'PatchOptions');
  const representation = representationFor(request);
  const type = patchType(request);
  const { value: body, ...duplicates } = await readPatch(request, { type, write });
  const force = parseForce(c.req.query('force'));
  const result = await options.registry.patch({
    target: targetOf(request),
    type,
    body,
    ...write,
    ...duplicates,
    ...(force === undefined ? {} : { force }),
    ...partOf(request),
  });
  return replyWritten(request, representation, result);
}

/** Whatever is not false is true (apimachinery runtime/conversion.go). */
function parseForce(text: string | undefined): boolean | undefined {
  return text === undefined ? undefined : !/^(?:0|false)$/i.test(text);
}

function patchType({ c, resource }: ResourceRequest): PatchRequest['type'] {
  const { type } = parseMediaType(c.req.header('content-type') ?? '');
  const found = type === STRATEGIC && resource.builtIn ? 'strategic' : PATCH_TYPES.get(type);
  if (found !== undefined) return found;
  const [json = '', merge = '', apply = ''] = PATCH_TYPES.keys();
  throw unsupported(resource.builtIn ? [json, merge, STRATEGIC, apply] : [json, merge, apply]);
}

async function readPatch(
  { c, resource }: ResourceRequest,
  { type, write }: { type: PatchRequest['type']; write: WriteOptions },
): Promise<ParsedBody> {
  const { kind } = resource;
  const text = await readBody(c.env.incoming);
  const options = { kind, findDuplicates: write.fieldValidation !== 'Ignore' };
  const body = type === 'apply' ? parseYamlBody(text, options) : parseJsonBody(text, options);
  c.var.audited?.requestObject(body.value);
  return body;
}

/** Kinds whose deletion answers with the object that is gone (ReturnDeletedObject of their store). */
const showsDeleted = ({ group, plural }: ResourceRequest['resource']): boolean =>
  group === '' && plural === 'serviceaccounts';

/** The object while finalizers keep it, else a Status with its uid. */
export async function handleDelete(request: ResourceRequest): Promise<Response> {
  const { resource, options } = request;
  const target = targetOf(request);
  const representation = representationFor(request);
  const given = await deleteOptions(request.c);
  const result = await options.registry.delete({ target, ...given });
  if (!result.gone || showsDeleted(resource)) {
    // 202 for those who asked for a cascade the old way (endpoints/handlers/delete.go).
    const status = !result.gone && given.orphanDependents === false ? 202 : 200;
    return replyWritten(request, representation, { ...result, status });
  }
  const { group, plural: kind } = resource;
  const { uid } = result.object.object.metadata;
  const details: StatusDetails = {
    name: target.name,
    ...(group === '' ? {} : { group }),
    kind,
    ...(uid === undefined ? {} : { uid }),
  };
  const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
  setWarnings(request.c, result.warnings);
  return replyObject(request.c, success);
}

/** Deletes each object that matches; the answer is the list of them. */
export async function handleDeleteCollection(request: ResourceRequest): Promise<Response> {
  const representation = representationFor(request);
  const query = listQuery(request);
  const given = await deleteOptions(request.c);
  const list = await request.options.registry.deleteCollection({ query, ...given });
  request.c.var.audited?.responseObject(() => auditedList(request.resource, list));
  return replyPieces(request, representation.list(list), representation);
}
