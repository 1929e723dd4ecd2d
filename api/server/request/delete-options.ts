import { badRequest } from '../../machinery/status-error.ts';
import type { DeleteOptions } from '../../registry/requests.ts';
import { parseJson, parseYamlBody, readBody, readBytes } from './body.ts';
import { parseMediaType } from './media-type.ts';
import { decodeProtobuf, PROTOBUF } from '../protobuf/body.ts';
import type { RequestContext } from '../server-environment.ts';
import { isDryRun } from './write-options.ts';

/**
 * From the query and the body; the body may be empty and needs no kind. What is of a wrong type is refused: whoever
 * meant a dry run or a precondition must not lose the object.
 */
export async function deleteOptions(c: RequestContext): Promise<DeleteOptions> {
  const given = await deleteBody(c);
  const body = fieldsOf(given ?? {}, 'the body of a delete must be DeleteOptions');
  if (given !== undefined) c.var.audited?.requestObject(body);
  const { kind, preconditions, dryRun = [] } = body;
  if (kind !== undefined && kind !== '' && kind !== 'DeleteOptions') {
    throw badRequest(`the body of a delete must be DeleteOptions, not ${JSON.stringify(kind)}`);
  }
  if (dryRun !== null && !(Array.isArray(dryRun) && dryRun.every((one) => typeof one === 'string'))) {
    throw badRequest('dryRun: Invalid value: must be a list of texts, such as ["All"]');
  }
  return {
    user: c.var.user,
    dryRun: isDryRun([...(c.req.queries('dryRun') ?? []), ...(dryRun ?? [])], 'DeleteOptions'),
    ...propagationOf(c, body),
    ...graceOf(c, body),
    ...preconditionsOf(c, preconditions),
  };
}

/** Both ways to say it are handed on: the two together are refused where the object is known. */
function propagationOf(c: RequestContext, body: Record<string, unknown>): Partial<DeleteOptions> {
  const policy = textOf(body, 'propagationPolicy') ?? (c.req.query('propagationPolicy') || undefined);
  const orphans = body['orphanDependents'] ?? parseBoolean(c.req.query('orphanDependents'));
  if (orphans !== undefined && typeof orphans !== 'boolean') {
    throw badRequest('orphanDependents: Invalid value: must be a boolean');
  }
  return {
    ...(policy === undefined ? {} : { propagationPolicy: policy }),
    ...(orphans === undefined ? {} : { orphanDependents: orphans }),
  };
}

function parseBoolean(text: string | undefined): boolean | undefined {
  return text === undefined || text === '' ? undefined : !/^(?:0|false)$/i.test(text);
}

function graceOf(c: RequestContext, body: Record<string, unknown>): Partial<DeleteOptions> {
  const query = c.req.query('gracePeriodSeconds') ?? '';
  if (query !== '' && !/^-?\d{1,15}$/.test(query)) throw wrongGrace();
  const seconds = body['gracePeriodSeconds'] ?? (query === '' ? undefined : Number(query));
  if (seconds === undefined) return {};
  if (!Number.isSafeInteger(seconds)) throw wrongGrace();
  return { gracePeriodSeconds: seconds as number };
}

const wrongGrace = (): Error => badRequest('gracePeriodSeconds: Invalid value: must be a whole number');

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
  const { type } = parseMediaType(incoming.headers['content-type'] ?? '');
  if (type === PROTOBUF) {
    const bytes = await readBytes(incoming);
    return bytes.length === 0 ? undefined : decodeProtobuf(bytes);
  }
  // Some clients send a type with an empty body, others a body without a type.
  const text = await readBody(incoming);
  if (text.trim() === '') return undefined;
  return type === 'application/yaml'
    ? parseYamlBody(text, { kind: 'DeleteOptions' }).value
    : parseJson(text, 'DeleteOptions');
}

/** A query may name them, too (meta/v1 conversion of url.Values). */
function preconditionsOf(c: RequestContext, given: unknown): Partial<DeleteOptions> {
  const fromBody = given === undefined || given === null ? {} : parsePreconditions(given);
  const uid = c.req.query('uid') || undefined;
  const resourceVersion = c.req.query('resourceVersion') || undefined;
  const preconditions = {
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
    ...fromBody,
  };
  return Object.keys(preconditions).length === 0 ? {} : { preconditions };
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
