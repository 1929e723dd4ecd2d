import { badRequest, StatusError } from '../../machinery/status-error.ts';
import { replyObject } from '../answer/reply.ts';
import { readBytes } from '../request/body.ts';
import { parseMediaType } from '../request/media-type.ts';
import { targetOf } from '../request/resource-request.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { writeOptions } from '../request/write-options.ts';
import { ZIP_TYPES } from '../resources/package-handlers.ts';

const FORM = 'multipart/form-data';

/** Whether the body is a zip, by itself or as the file of a form, as browsers and `curl -F` send it. */
export function bringsZip({ c }: ResourceRequest): boolean {
  const { type } = parseMediaType(c.req.header('content-type') ?? '');
  return type === FORM || ZIP_TYPES.includes(type);
}

/**
 * Makes the Skill that the zip's SKILL.md names, with the zip as its content. Whoever may create a Skill may do so: its
 * manifest could have the content as well. Answers the Skill.
 */
export async function createFromZip(request: ResourceRequest): Promise<Response> {
  const { resource, options, place } = request;
  const write = writeOptions(request, 'CreateOptions');
  const zip = await readZip(request);
  const { namespace } = place;
  const { object } = await options.skillPackages.create({ resource, namespace }, zip, write);
  return replyObject(request.c, object.object, { status: 201 });
}

/** Makes the zip the newest content of a Skill. Answers the Skill. */
export async function replacePackage(request: ResourceRequest): Promise<Response> {
  const write = writeOptions(request, 'UpdateOptions');
  const zip = await readZip(request);
  const { object } = await request.options.skillPackages.put(targetOf(request), zip, write);
  return replyObject(request.c, object.object);
}

/** @throws StatusError BadRequest for a form without a file */
async function readZip({ c }: ResourceRequest): Promise<Buffer> {
  const header = c.req.header('content-type') ?? '';
  const bytes = await readBytes(c.env.incoming);
  if (parseMediaType(header).type !== FORM) return bytes;
  const file = await fileOf(new Response(new Uint8Array(bytes), { headers: { 'content-type': header } }));
  if (file === undefined) throw badRequest('the form has no file with the name "file"');
  return Buffer.from(await file.arrayBuffer());
}

async function fileOf(form: Response): Promise<File | undefined> {
  try {
    const file = (await form.formData()).get('file');
    return file instanceof File ? file : undefined;
  } catch (error) {
    throw new StatusError('BadRequest', 'the form cannot be read', { cause: error });
  }
}
