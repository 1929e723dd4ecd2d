import type { FailureKind, ModelFailure } from '../failure.ts';
import type { ResponseError } from './response.ts';

/** The code of an answer that failed; https://platform.openai.com/docs/guides/error-codes, and what Codex acts on. */
const CODES: Readonly<Record<FailureKind, string>> = {
  auth: 'invalid_api_key',
  notFound: 'model_not_found',
  invalid: 'invalid_prompt',
  tooLong: 'context_length_exceeded',
  refused: 'content_filter',
  quota: 'insufficient_quota',
  rateLimited: 'rate_limit_exceeded',
  timeout: 'timeout_error',
  overloaded: 'server_is_overloaded',
  malformed: 'server_error',
  failed: 'server_error',
};

export function responseError({ kind, message = 'no message' }: ModelFailure): ResponseError {
  return { code: CODES[kind], message };
}
