import type { JsonObject } from '../../machinery/json/json.ts';
import { isJsonObject } from '../../machinery/json/json.ts';
import { badRequest } from '../../machinery/status-error.ts';
import { parseMediaType } from '../request/media-type.ts';
import { parseJson, readBytes, unsupported } from '../request/body.ts';
import type { RequestContext } from '../server-environment.ts';

/** Requests about accounts are small, and come from people who are not logged in. */
const MAX_BYTES = 64 * 1024;

/** The fields of a JSON body; a form of a page of another site cannot send it (no CORS without a question). */
export async function readFields(c: RequestContext): Promise<JsonObject> {
  const bytes = c.var.accountBody ?? (await readAccountBody(c));
  const value = parseJson(bytes.toString('utf8'), 'object');
  if (!isJsonObject(value)) throw badRequest('the body must be a JSON object');
  return value;
}

/** @throws StatusError UnsupportedMediaType, RequestEntityTooLarge, BadRequest */
export async function readAccountBody(c: RequestContext): Promise<Buffer> {
  const { incoming } = c.env;
  const { type } = parseMediaType(incoming.headers['content-type'] ?? '');
  if (type !== 'application/json') throw unsupported(['application/json']);
  return readBytes(incoming, MAX_BYTES);
}

/** @throws StatusError BadRequest when the field is missing or no text */
export function text(fields: JsonObject, name: string): string {
  const value = optionalText(fields, name);
  if (value === undefined || value === '') throw badRequest(`${name} must be given`);
  return value;
}

export function optionalText(fields: JsonObject, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw badRequest(`${name} must be a text`);
  return value;
}

export function flag(fields: JsonObject, name: string): boolean {
  const value = fields[name] ?? false;
  if (typeof value !== 'boolean') throw badRequest(`${name} must be true or false`);
  return value;
}
