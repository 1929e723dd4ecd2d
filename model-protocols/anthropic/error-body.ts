import type { FailureKind } from '../failure.ts';
import type { WireError } from '../wire-protocol.ts';

/** https://docs.anthropic.com/en/api/errors */
const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

export function errorBody({ status, message, type }: WireError): unknown {
  const usual = TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');
  return { type: 'error', error: { type: type ?? usual, message } };
}

const KIND_TYPES: Readonly<Record<FailureKind, string>> = {
  auth: 'authentication_error',
  notFound: 'not_found_error',
  invalid: 'invalid_request_error',
  tooLong: 'request_too_large',
  refused: 'invalid_request_error',
  quota: 'billing_error',
  rateLimited: 'rate_limit_error',
  timeout: 'timeout_error',
  overloaded: 'overloaded_error',
  malformed: 'api_error',
  failed: 'api_error',
};

/** For an error within a stream, which has no status. */
export function errorTypeOf(kind: FailureKind): string {
  return KIND_TYPES[kind];
}
