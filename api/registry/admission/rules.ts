import type { Unstructured } from '../../machinery/meta.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { deepEqual } from '../../schema/deep-equal.ts';
import { invalidValue } from '../../schema/field-error.ts';

/** What the registry asks about one kind. Pure: none of these reads or writes anything. */
export interface Admission {
  /** Fills in what the server owns; runs before validation. */
  complete?(object: Unstructured): Unstructured;
  judge?(object: Unstructured, previous: Unstructured | undefined): StatusCause[];
  /** @throws StatusError when the object may not be deleted */
  checkDeletion?(object: Unstructured): void;
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
