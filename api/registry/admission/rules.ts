import type { Unstructured } from '../../machinery/meta.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { deepEqual } from '../../machinery/deep-equal.ts';
import { invalidValue } from '../../structural-schema/field-error.ts';
import type { Resource } from '../resource.ts';

/** What the registry asks about one kind. Pure: none of these reads or writes anything. */
export interface Admission {
  /**
   * Fields that the schema lets pass and that are none all the same.
   * @throws StatusError BadRequest when the object is of the wrong form
   */
  unknownFields?(object: Unstructured, resource: Resource): string[];
  /** Hints for the client. */
  warnings?(object: Unstructured, previous: Unstructured | undefined): string[];
  /** Fills in defaults that a schema cannot say; who writes the object manages them. */
  complete?(object: Unstructured): Unstructured;
  /**
   * Sets what only the server may, whatever the client wrote; nobody manages that (PrepareForCreate and
   * PrepareForUpdate of a strategy).
   */
  prepare?(object: Unstructured, write: Preparation): Unstructured;
  judge?(object: Unstructured, previous: Unstructured | undefined, resource: Resource): StatusCause[];
  /** @throws StatusError when the object may not be deleted */
  checkDeletion?(object: Unstructured): void;
}

export interface Preparation {
  /** Absent for a create. */
  previous?: Unstructured;
  isStatus?: boolean;
}

export type Fields = Record<string, unknown>;

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** One cause for each of `names` that differs between the two; `why` begins with `field is immutable`, which Flux reads. */
export function immutableFields(change: {
  at: string;
  names: readonly string[];
  before: Fields;
  after: Fields;
  why: string;
}): StatusCause[] {
  return change.names
    .filter((name) => !deepEqual(change.before[name], change.after[name]))
    .map((name) =>
      invalidValue(change.at === '' ? name : `${change.at}.${name}`, change.after[name] ?? null, change.why),
    );
}
