import { stringify } from 'yaml';
import { describeError } from '../../machinery/logger.ts';
import type { Logger } from '../../machinery/logger.ts';
import { toStatusError } from '../../machinery/status-error.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import { prefersYaml } from '../request/media-type.ts';
import { isForPeople } from './reply.ts';
import type { RequestContext } from '../server-environment.ts';

/** Every error as the answer a client gets; what is the server's own fault is logged. */
export function failureResponse(error: unknown, c: RequestContext, logger: Logger): Response {
  const failure = toStatusError(error);
  if (failure.code >= 500 && !isOutage(failure)) logFailure(failure, logger);
  const retryAfter = failure.details?.retryAfterSeconds;
  const yaml = prefersYaml(c.req.header('accept'));
  const status = failure.toStatus();
  return new Response(
    yaml ? stringify(status) : `${JSON.stringify(status, null, isForPeople(c) ? 2 : 0)}\n`,
    {
      status: failure.code,
      headers: {
        'content-type': yaml ? 'application/yaml' : 'application/json',
        'cache-control': 'no-cache, private',
        ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
        ...(failure.code === 401 ? { 'www-authenticate': 'Bearer' } : {}),
        // The rest of a body that is too large is not read. HTTP/2 has no such header: its stream is reset.
        ...(failure.code === 413 && c.env.incoming.httpVersionMajor < 2 ? { connection: 'close' } : {}),
      },
    },
  );
}

/** The store says once that its database is away; each request that meets it would say it again. */
function isOutage({ cause }: StatusError): boolean {
  return (
    cause instanceof Error && cause.name === 'StorageError' && 'code' in cause && cause.code === 'Unavailable'
  );
}

export function logFailure(failure: StatusError, logger: Logger): void {
  logger.error('request failed', { reason: failure.reason, error: describeError(failure) });
}
