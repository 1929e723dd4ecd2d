import { describeError, type Logger } from '../machinery/logger.ts';
import { type StatusError, toStatusError } from '../machinery/status-error.ts';

export interface FailureOptions {
  logger: Logger;
  /** Of the request: 1 or 2. */
  httpVersion: number;
}

/** Every error as the answer a client gets; what is the server's own fault is logged. */
export function failureResponse(error: unknown, { logger, httpVersion }: FailureOptions): Response {
  const failure = toStatusError(error);
  if (failure.code >= 500) logFailure(failure, logger);
  const retryAfter = failure.details?.retryAfterSeconds;
  return new Response(`${JSON.stringify(failure.toStatus())}\n`, {
    status: failure.code,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-cache, private',
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
      ...(failure.code === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      // The rest of a body that is too large is not read. HTTP/2 has no such header: its stream is reset.
      ...(failure.code === 413 && httpVersion < 2 ? { connection: 'close' } : {}),
    },
  });
}

export function logFailure(failure: StatusError, logger: Logger): void {
  logger.error('request failed', { reason: failure.reason, error: describeError(failure) });
}
