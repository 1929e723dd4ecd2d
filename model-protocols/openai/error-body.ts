import type { FailureKind, ModelFailure } from '../failure.ts';
import type { WireError } from '../wire-protocol.ts';

/** https://platform.openai.com/docs/guides/error-codes */
const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  429: 'rate_limit_error',
};

export function errorBody({ status, message, type }: WireError): unknown {
  const usual = TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'server_error');
  return bodyOf({ message, type: type ?? usual, code: null });
}

const KIND_TYPES: Readonly<Record<FailureKind, { type: string; code: string | null }>> = {
  auth: { type: 'authentication_error', code: null },
  notFound: { type: 'invalid_request_error', code: 'model_not_found' },
  invalid: { type: 'invalid_request_error', code: null },
  tooLong: { type: 'invalid_request_error', code: 'context_length_exceeded' },
  refused: { type: 'invalid_request_error', code: 'content_filter' },
  quota: { type: 'insufficient_quota', code: 'insufficient_quota' },
  rateLimited: { type: 'rate_limit_error', code: null },
  timeout: { type: 'timeout_error', code: null },
  overloaded: { type: 'overloaded_error', code: null },
  malformed: { type: 'server_error', code: null },
  failed: { type: 'server_error', code: null },
};

/** For an error within a stream, which has no status. */
export function errorBodyOf({ kind, message = 'no message', parameter }: ModelFailure): unknown {
  return bodyOf({ message, ...KIND_TYPES[kind], param: parameter ?? null });
}

function bodyOf(error: {
  message: string;
  type: string;
  code: string | null;
  param?: string | null;
}): unknown {
  return { error: { param: null, ...error } };
}
