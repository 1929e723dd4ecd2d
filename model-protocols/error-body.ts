import { kindOfStatus } from './failure.ts';
import type { FailureKind, ModelFailure } from './failure.ts';
import { isObject, objectOf, objectsOf, parseJson, present, textOf } from './json-value.ts';

/**
 * Error types and codes of the services, by what they mean here. One table for all protocols: compatible services
 * answer in the one and name errors as the other does. General ones such as api_error say less than the status.
 * https://docs.anthropic.com/en/api/errors, https://platform.openai.com/docs/guides/error-codes
 */
const KINDS: ReadonlyMap<string, FailureKind> = new Map([
  ['authentication_error', 'auth'],
  ['permission_error', 'auth'],
  ['invalid_api_key', 'auth'],
  ['not_found_error', 'notFound'],
  ['model_not_found', 'notFound'],
  ['request_too_large', 'tooLong'],
  ['context_length_exceeded', 'tooLong'],
  ['string_above_max_length', 'tooLong'],
  ['content_filter', 'refused'],
  ['content_policy_violation', 'refused'],
  ['billing_error', 'quota'],
  ['insufficient_quota', 'quota'],
  ['rate_limit_error', 'rateLimited'],
  ['rate_limit_exceeded', 'rateLimited'],
  ['timeout_error', 'timeout'],
  ['overloaded_error', 'overloaded'],
  ['server_is_overloaded', 'overloaded'],
  ['slow_down', 'rateLimited'],
  ['invalid_prompt', 'invalid'],
]);

/** Services that have no code for it say it in words like these. */
const TOO_LONG =
  /prompt is too long|maximum context length|context (window|length).*exceed|exceed.*context (window|length)/i;

/** Of a text that is not JSON, such as a proxy's page, the beginning is enough. */
const PLAIN_TEXT_LENGTH = 500;

/** Reads the body of an answer whose status says that it is an error. */
export function readErrorBody(status: number, body: string): ModelFailure {
  const parsed = parseJson(body);
  const plain = { message: textOf(body.trim().slice(0, PLAIN_TEXT_LENGTH)) };
  const error = parsed === undefined ? plain : errorFields(parsed);
  return failureOf(error, kindOfStatus(status));
}

/** Reads an error within a stream or beside an answer, where no status says what kind it is. */
export function readErrorValue(value: unknown): ModelFailure {
  const error = errorFields(value);
  const status = Number(error.code ?? Number.NaN);
  if (status >= 400) return failureOf(error, kindOfStatus(status));
  return failureOf(error, error.type === 'invalid_request_error' ? 'invalid' : 'failed');
}

interface ErrorFields {
  message?: string | undefined;
  type?: string | undefined;
  code?: string | undefined;
  param?: string | undefined;
}

/** A code says more than a type, and either says more than the status. */
function failureOf({ message, type, code, param }: ErrorFields, usual: FailureKind): ModelFailure {
  const kind = KINDS.get(code ?? '') ?? KINDS.get(type ?? '') ?? usual;
  const isLong = (kind === 'invalid' || kind === 'failed') && TOO_LONG.test(message ?? '');
  return { kind: isLong ? 'tooLong' : kind, ...present({ message, parameter: param }) };
}

/**
 * `{error: {message, type, code, param}}` as documented; `{error: 'words'}`, `{message}`, `{detail}` and a list
 * around one of them as compatible services have it.
 */
function errorFields(value: unknown): ErrorFields {
  if (typeof value === 'string') return { message: textOf(value) };
  const outer = objectOf(Array.isArray(value) ? value[0] : value);
  if (typeof outer['error'] === 'string') return { message: textOf(outer['error']) };
  const { message, detail, type, code, param } = isObject(outer['error']) ? outer['error'] : outer;
  return {
    message: textOf(message) ?? detailOf(detail),
    type: textOf(type),
    code: typeof code === 'number' ? String(code) : textOf(code),
    param: textOf(param),
  };
}

/** As FastAPI writes it: a text, or a list of findings with the path to the field. */
function detailOf(detail: unknown): string | undefined {
  if (!Array.isArray(detail)) return textOf(detail);
  const findings = objectsOf(detail).map(({ loc, msg }) => {
    const place = Array.isArray(loc) ? loc.join('.') : '';
    return [place, textOf(msg) ?? ''].filter((part) => part !== '').join(': ');
  });
  return textOf(findings.join('; '));
}
