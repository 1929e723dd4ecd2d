import { stringify } from 'yaml';
import { describeError } from '../../machinery/logger.ts';
import type { Logger } from '../../machinery/logger.ts';
import { toStatusError } from '../../machinery/status-error.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import { prefersYaml } from '../request/media-type.ts';
import { isForPeople } from './reply.ts';
import type { RequestContext } from '../server-environment.ts';

/** An error as the clients of a path read it. */
export interface FailureForm {
  code: number;
  contentType: string;
  text: string;
}

export interface FailureOptions {
  logger: Logger;
  /** For paths whose clients read something else than a Status; undefined for all others. */
  formOf?(failure: StatusError): FailureForm | undefined;
}

/** Every error as the answer a client gets; what is the server's own fault is logged. */
export function failureResponse(
  error: unknown,
  c: RequestContext,
  { logger, formOf }: FailureOptions,
): Response {
  const failure = toStatusError(error);
  if (failure.code >= 500) logOwnFault(failure, logger.with({ request_id: requestIDOf(c) }));
  const retryAfter = failure.details?.retryAfterSeconds;
  const { code, contentType, text } = formOf?.(failure) ?? statusForm(failure, c);
  return new Response(text, {
    status: code,
    headers: {
      'content-type': contentType,
      'cache-control': 'no-cache, private',
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
      ...(code === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      // The rest of a body that is too large is not read. HTTP/2 has no such header: its stream is reset.
      ...(code === 413 && c.env.incoming.httpVersionMajor < 2 ? { connection: 'close' } : {}),
    },
  });
}

const requestIDOf = (c: RequestContext): string => String(c.env.outgoing.getHeader('audit-id') ?? '');

function statusForm(failure: StatusError, c: RequestContext): FailureForm {
  const { code } = failure;
  const status = failure.toStatus();
  if (prefersYaml(c.req.header('accept'))) {
    return { code, contentType: 'application/yaml', text: stringify(status) };
  }
  const text = `${JSON.stringify(status, null, isForPeople(c) ? 2 : 0)}\n`;
  return { code, contentType: 'application/json', text };
}

/** The store says once that its database is away; each request that meets it would say it again. */
function isOutage({ cause }: StatusError): boolean {
  return (
    cause instanceof Error && cause.name === 'StorageError' && 'code' in cause && cause.code === 'Unavailable'
  );
}

/** Logs a failure that is no fault of the client; an outage of the database is logged elsewhere. */
export function logOwnFault(failure: StatusError, logger: Logger): void {
  if (failure.code >= 500 && !isOutage(failure)) logFailure(failure, logger);
}

export function logFailure(failure: StatusError, logger: Logger): void {
  logger.error('request failed', { reason: failure.reason, error: describeError(failure) });
}
