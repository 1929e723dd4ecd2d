import { qualifiedKind, qualifiedResource } from './group-version-kind.ts';

/**
 * Errors that cross the API, shaped as meta/v1 Status. Reasons, codes and texts are kube-apiserver's
 * (apimachinery/pkg/api/errors); clients such as kubectl and Flux read the texts.
 */

export type StatusReason =
  | 'AlreadyExists'
  | 'BadRequest'
  | 'Conflict'
  | 'Expired'
  | 'Forbidden'
  | 'Gone'
  | 'InternalError'
  | 'Invalid'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'NotFound'
  | 'RequestEntityTooLarge'
  | 'ServerTimeout'
  | 'ServiceUnavailable'
  | 'Timeout'
  | 'TooManyRequests'
  | 'Unauthorized'
  | 'UnsupportedMediaType';

/** One finding about one field. `reason` is a FieldValue* cause type; `field` a path such as `spec.members[0].role`. */
export interface StatusCause {
  reason: string;
  message: string;
  field?: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  /** The plural for NotFound, AlreadyExists, Conflict and Forbidden; the kind for Invalid. */
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

/** The wire form of an error (and, with status Success, of a finished delete). */
export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  /** A list that expired names the token to go on with all the same. */
  metadata: { continue?: string };
  status: 'Failure' | 'Success';
  message?: string;
  reason?: StatusReason;
  details?: StatusDetails;
  code: number;
}

const CODES: Record<StatusReason, number> = {
  AlreadyExists: 409,
  BadRequest: 400,
  Conflict: 409,
  Expired: 410,
  Forbidden: 403,
  Gone: 410,
  InternalError: 500,
  Invalid: 422,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  NotFound: 404,
  RequestEntityTooLarge: 413,
  ServerTimeout: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
  TooManyRequests: 429,
  Unauthorized: 401,
  UnsupportedMediaType: 415,
};

/** Whether a value, as it stands in a Status of somebody else, is a reason. */
export const isStatusReason = (value: unknown): value is StatusReason =>
  typeof value === 'string' && Object.hasOwn(CODES, value);

/** An error with a Kubernetes reason. `cause` keeps the vendor's error for logs; it never reaches a client. */
export class StatusError extends Error {
  readonly reason: StatusReason;
  readonly code: number;
  readonly details: StatusDetails | undefined;
  readonly continue: string | undefined;

  constructor(reason: StatusReason, message: string, options: StatusErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'StatusError';
    this.reason = reason;
    this.code = options.code ?? CODES[reason];
    this.details = options.details;
    this.continue = options.continue;
  }

  toStatus(): Status {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.continue === undefined ? {} : { continue: this.continue },
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

export interface StatusErrorOptions {
  details?: StatusDetails;
  cause?: unknown;
  /** Overrides the reason's usual HTTP code, as when a client rebuilds the error it received. */
  code?: number;
  /** Of metadata. */
  continue?: string;
}

interface ResourceName {
  group: string;
  plural: string;
}

const named = (resource: ResourceName, name: string): StatusDetails => ({
  name,
  ...(resource.group === '' ? {} : { group: resource.group }),
  kind: resource.plural,
});

export function notFound(resource: ResourceName, name: string): StatusError {
  return new StatusError('NotFound', `${qualifiedResource(resource)} "${name}" not found`, {
    details: named(resource, name),
  });
}

export function alreadyExists(resource: ResourceName, name: string): StatusError {
  return new StatusError('AlreadyExists', `${qualifiedResource(resource)} "${name}" already exists`, {
    details: named(resource, name),
  });
}

/** A stale resourceVersion or uid; `why` defaults to kube-apiserver's text for an optimistic lock failure. */
export function conflict(resource: ResourceName, name: string, why?: string): StatusError {
  const text =
    why ?? 'the object has been modified; please apply your changes to the latest version and try again';
  return new StatusError(
    'Conflict',
    `Operation cannot be fulfilled on ${qualifiedResource(resource)} "${name}": ${text}`,
    { details: named(resource, name) },
  );
}

/** Longer values are cut in messages: a value of megabytes helps nobody and fills logs. In UTF-16 units. */
const MAX_SHOWN = 256;

/** `text`, or its first 256 characters and an ellipsis. */
export function abridged(text: string): string {
  // toWellFormed: the cut may fall between the two halves of a surrogate pair.
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN).toWellFormed()}…`;
}

/** A list of thousands of items can be wrong in each of them; the first findings are enough to go on. */
const MAX_CAUSES = 100;

/** A failed validation: one cause per field, all of them in the message (brackets only for more than one). */
export function invalid(
  kind: { group: string; kind: string },
  name: string,
  causes: StatusCause[],
): StatusError {
  const shownCauses = causes.slice(0, MAX_CAUSES);
  const texts = shownCauses.map(textOf);
  if (causes.length > MAX_CAUSES) texts.push(`and ${causes.length - MAX_CAUSES} more`);
  const shown = abridged(name);
  const joined = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  return new StatusError('Invalid', `${qualifiedKind(kind)} "${shown}" is invalid: ${joined}`, {
    details: {
      ...(shown === '' ? {} : { name: shown }),
      ...(kind.group === '' ? {} : { group: kind.group }),
      kind: kind.kind,
      causes: shownCauses,
    },
  });
}

const textOf = ({ field, message }: StatusCause): string =>
  field === undefined ? message : `${abridged(field)}: ${message}`;

export function badRequest(message: string): StatusError {
  return new StatusError('BadRequest', message);
}

/** A watch or list asked for a revision that compaction has removed; clients answer it by listing anew. */
export function expired(message: string): StatusError {
  return new StatusError('Expired', message);
}

/** Something the server needs is away for now; clients retry after `retryAfterSeconds`. */
export function unavailable(message: string, cause?: unknown): StatusError {
  return new StatusError('ServiceUnavailable', message, { details: { retryAfterSeconds: 1 }, cause });
}

export function isStatusError(error: unknown, reason?: StatusReason): error is StatusError {
  return error instanceof StatusError && (reason === undefined || error.reason === reason);
}

/** The result of `call`, or undefined when the object is not there (controller-runtime's IgnoreNotFound). */
export async function ignoreNotFound<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isStatusError(error, 'NotFound')) return undefined;
    throw error;
  }
}

/** Any thrown value as a StatusError; what is not one becomes InternalError without its text, which may hold secrets. */
export function toStatusError(error: unknown): StatusError {
  return error instanceof StatusError
    ? error
    : new StatusError('InternalError', 'Internal error occurred; see the server log', { cause: error });
}
