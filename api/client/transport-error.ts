import { StatusError } from '../machinery/status-error.ts';
import type { Status, StatusReason } from '../machinery/status-error.ts';

/** Reasons for answers that are no Status, as client-go gives them (apimachinery NewGenericServerResponse). */
const REASONS: Record<number, StatusReason> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  502: 'ServiceUnavailable',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

type Headers = Record<string, string | string[] | undefined>;

/** The StatusError in a failed answer; text that is no Status is quoted, cut to one short line. */
export function responseError(code: number, text: string, headers: Headers = {}): StatusError {
  const retryAfterSeconds = Number(headers['retry-after']);
  const status = parseStatus(text);
  const fallback = REASONS[code] ?? 'InternalError';
  const details = {
    ...status?.details,
    ...(headers['retry-after'] !== undefined && Number.isFinite(retryAfterSeconds)
      ? { retryAfterSeconds }
      : {}),
  };
  return new StatusError(status?.reason ?? fallback, status?.message ?? unknownAnswer(code, text), {
    code,
    ...(Object.keys(details).length === 0 ? {} : { details }),
  });
}

/** The StatusError of a Status object, as in an ERROR event of a watch. */
export function statusToError(status: Status): StatusError {
  return new StatusError(
    status.reason ?? REASONS[status.code] ?? 'InternalError',
    status.message ?? `the server answered with code ${status.code}`,
    { code: status.code, ...(status.details === undefined ? {} : { details: status.details }) },
  );
}

function parseStatus(text: string): Partial<Status> | undefined {
  try {
    const value = JSON.parse(text) as Partial<Status> | null;
    return value?.kind === 'Status' ? value : undefined;
  } catch {
    return undefined;
  }
}

function unknownAnswer(code: number, text: string): string {
  if (code === 404) return 'the server could not find the requested resource';
  const line = text.trim().replaceAll(/\s+/g, ' ').slice(0, 200);
  return `the server answered with code ${code}${line === '' ? '' : `: ${line}`}`;
}

const LOST = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/** True for a connection that broke while a request was under way; the server may still be there. */
export function isLostConnection(error: unknown): boolean {
  return LOST.has(errorCode(error) ?? '');
}

/** Milliseconds to wait when the server turned a request away unprocessed (429 with Retry-After), at most 30 s. */
export function retryAfterMs(error: unknown): number | undefined {
  if (!(error instanceof StatusError) || error.code !== 429) return undefined;
  const seconds = error.details?.retryAfterSeconds;
  return seconds === undefined ? undefined : Math.min(Math.max(seconds, 0.1), 30) * 1000;
}

/**
 * Any failure of the wire as a StatusError: ServiceUnavailable with the address and the cause in plain words.
 * A caller's own abort stays what it is.
 */
export function connectionError(
  error: unknown,
  context: { server: string; signal?: AbortSignal | undefined },
): Error {
  if (context.signal?.aborted === true) {
    const reason: unknown = context.signal.reason;
    return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
  }
  if (error instanceof StatusError) return error;
  return new StatusError(
    'ServiceUnavailable',
    `unable to reach the server at ${context.server}: ${plainCause(error)}`,
    { cause: error },
  );
}

const PLAIN: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by the server',
  EHOSTUNREACH: 'no route to host',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the host name could not be resolved',
  ETIMEDOUT: 'connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'connection timed out',
  UND_ERR_HEADERS_TIMEOUT: 'the server did not answer in time',
  UND_ERR_BODY_TIMEOUT: 'the server stopped in the middle of an answer',
  UND_ERR_SOCKET: 'the connection was closed by the server',
};

function plainCause(error: unknown): string {
  const code = errorCode(error);
  if (code !== undefined && PLAIN[code] !== undefined) return PLAIN[code];
  return error instanceof Error ? error.message : String(error);
}

/** The first code along the chain of causes; undici wraps the socket's error, Node wraps several addresses' errors. */
function errorCode(error: unknown): string | undefined {
  let current: unknown = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth += 1) {
    const { code } = current as { code?: unknown };
    if (typeof code === 'string') return code;
    current = current instanceof AggregateError ? current.errors[0] : current.cause;
  }
  return undefined;
}
