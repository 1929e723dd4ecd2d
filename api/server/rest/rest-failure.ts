import { toStatusError } from '../../machinery/status-error.ts';
import type { Clock } from '../../machinery/clock.ts';
import { replyJson } from '../answer/reply.ts';
import type { RestStyle } from '../request/resource-path.ts';
import type { RequestContext } from '../server-environment.ts';
import { failure } from './envelope.ts';
import { batchPath, isOwnPath, placeOf } from './rest-path.ts';

/** Existing clients log in there. */
const IS_OF_ACCOUNTS = /^\/api\/(?:auth|users)\//;

/** The style of a path, also where nobody got as far as to look at what it names; undefined for all others. */
function styleOf(path: string): RestStyle | undefined {
  if (batchPath(path) !== undefined || IS_OF_ACCOUNTS.test(path)) return 'compatible';
  return isOwnPath(path) ? 'envelope' : placeOf(path)?.rest;
}

/** What the API proper calls Invalid is a bad request for clients of these paths. */
const codeFor = (code: number, style: RestStyle): number =>
  style === 'compatible' && code === 422 ? 400 : code;

/**
 * An error as the clients of a path of ours read it; undefined for a path of the API proper. Compatible clients look
 * for `detail`, others of the same path for a Status: they get both.
 */
export function restFailure(error: unknown, c: RequestContext, clock: Clock): Response | undefined {
  const style = styleOf(c.req.path);
  if (style === undefined) return undefined;
  const status = toStatusError(error);
  const code = codeFor(status.code, style);
  const body =
    style === 'envelope'
      ? failure({ c, clock }, error)
      : { ...status.toStatus(), code, detail: status.message };
  return withRetryAfter(replyJson(body, { status: code }), status.details?.retryAfterSeconds);
}

function withRetryAfter(response: Response, seconds: number | undefined): Response {
  if (seconds !== undefined) response.headers.set('retry-after', String(seconds));
  return response;
}
