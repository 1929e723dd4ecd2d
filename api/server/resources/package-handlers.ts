import { badRequest } from '../../machinery/status-error.ts';
import { readBytes, unsupported } from '../request/body.ts';
import { parseMediaType } from '../request/media-type.ts';
import { targetOf } from '../request/resource-request.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { writeOptions } from '../request/write-options.ts';
import { representationFor } from '../answer/negotiated-representation.ts';
import { replyWritten } from './write-handlers.ts';

export const ZIP_TYPES = ['application/zip', 'application/octet-stream'];

/** Takes a zip as the newest content of a Skill; answers the Skill. */
export async function handlePutPackage(request: ResourceRequest): Promise<Response> {
  const { c, options } = request;
  const write = writeOptions(request, 'UpdateOptions');
  const representation = representationFor(request);
  const { type } = parseMediaType(c.req.header('content-type') ?? '');
  if (!ZIP_TYPES.includes(type)) throw unsupported(ZIP_TYPES);
  const zip = await readBytes(c.env.incoming);
  const { object, warnings } = await options.skillPackages.put(targetOf(request), zip, write);
  return replyWritten(request, representation, { object, warnings });
}

/** The zip that new Tasks get; `?hash=sha256:…` another one that is still kept. */
export async function handleGetPackage(request: ResourceRequest): Promise<Response> {
  const hash = request.c.req.query('hash');
  if (hash === '') throw badRequest('hash must be that of a package');
  const zip = await request.options.skillPackages.read(targetOf(request), hash);
  return new Response(new Uint8Array(zip), {
    headers: { 'content-type': 'application/zip', 'cache-control': 'no-cache, private' },
  });
}
