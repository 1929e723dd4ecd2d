/**
 * Why a model service did not answer, as far as a caller can act on it.
 * `auth`: the key is missing, wrong or may not do this. `notFound`: there is no such model or path. `invalid`: the
 * request is wrong as it is. `tooLong`: the input is larger than the model or the service takes. `refused`: the
 * content is against the service's policy. `quota`: the account is out of credit. `rateLimited`, `timeout`,
 * `overloaded`: the service cannot answer now. `malformed`: it sent something else than its protocol says.
 * `failed`: anything else that went wrong at the service.
 */
export type FailureKind = (typeof FAILURE_KINDS)[number];

export const FAILURE_KINDS = [
  ...(['auth', 'notFound', 'invalid', 'tooLong', 'refused', 'quota'] as const),
  ...(['rateLimited', 'timeout', 'overloaded', 'malformed', 'failed'] as const),
] as const;

export interface ModelFailure {
  kind: FailureKind;
  /** The service's own words; undefined when it gave none. */
  message?: string;
  /** The field of the request that the service objects to. */
  parameter?: string;
}

const RETRYABLE: ReadonlySet<FailureKind> = new Set([
  'rateLimited',
  'timeout',
  'overloaded',
  'malformed',
  'failed',
]);

/** Whether the same request may succeed a little later. */
export function isRetryable(kind: FailureKind): boolean {
  return RETRYABLE.has(kind);
}

const STATUS_KINDS: ReadonlyMap<number, FailureKind> = new Map([
  [401, 'auth'],
  [402, 'quota'],
  [403, 'auth'],
  [404, 'notFound'],
  [408, 'timeout'],
  [413, 'tooLong'],
  [429, 'rateLimited'],
  [503, 'overloaded'],
  [504, 'timeout'],
  [529, 'overloaded'],
]);

export function kindOfStatus(status: number): FailureKind {
  return STATUS_KINDS.get(status) ?? (status < 500 ? 'invalid' : 'failed');
}

/** `what` is `an event` or `an answer`. */
export function notJson(what: string): ModelFailure {
  return { kind: 'malformed', message: `it sent ${what} that is not JSON` };
}
