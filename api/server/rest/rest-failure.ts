import type { Clock } from '../../machinery/clock.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import type { FailureForm } from '../answer/failure.ts';
import { isOfAccounts } from '../request/resource-path.ts';
import type { RestStyle } from '../request/resource-path.ts';
import type { RequestContext } from '../server-environment.ts';
import { failure } from './envelope.ts';
import { batchPath, isOwnPath, placeOf } from './rest-path.ts';

/**
 * The style of a path, also where nobody got as far as to look at what it names; undefined for all others. Existing
 * clients log in at the paths of accounts.
 */
function styleOf(path: string): RestStyle | undefined {
  if (batchPath(path) !== undefined || isOfAccounts(path)) return 'compatible';
  return isOwnPath(path) ? 'envelope' : placeOf(path)?.rest;
}

/** Clients of these paths read a bad request where the API proper answers Invalid. */
const codeFor = (code: number, style: RestStyle): number =>
  style === 'compatible' && code === 422 ? 400 : code;

/**
 * An error as the clients of a path of ours read it; undefined for a path of the API proper. Compatible clients look
 * for `detail`, others of the same path for a Status: they get both.
 */
export function restFailure(error: StatusError, c: RequestContext, clock: Clock): FailureForm | undefined {
  const style = styleOf(c.req.path);
  if (style === undefined) return undefined;
  const code = codeFor(error.code, style);
  const body =
    style === 'envelope'
      ? failure({ c, clock }, error)
      : { ...error.toStatus(), code, detail: error.message };
  return { code, contentType: 'application/json', text: `${JSON.stringify(body)}\n` };
}
