import type { Unstructured } from '../../machinery/meta.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { deepEqual } from '../../machinery/json/deep-equal.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import { invalidValue } from '../../structural-schema/field-error.ts';
import type { Resource } from '../resource.ts';

/**
 * The rules of one kind that its schema cannot say (the strategies of kubernetes pkg/registry, and the defaults and
 * conversions of its kinds). Pure: no function reads or writes anything, none changes its arguments. write-path.ts says
 * when each is called.
 */
export interface Strategy {
  /**
   * Paths that the schema accepts although the kind has no such fields.
   * @throws StatusError BadRequest when the object has the wrong form
   */
  findUnknownFields?(object: Unstructured, resource: Resource): string[];
  /** Fills in defaults that a schema cannot say. They belong to whoever writes the object. */
  applyDefaults?(object: Unstructured): Unstructured;
  /** Sets what only the server may set, whatever the client wrote. Nobody manages these fields. */
  prepareForCreate?(object: Unstructured): Unstructured;
  prepareForUpdate?(object: Unstructured, previous: Unstructured): Unstructured;
  prepareForStatusUpdate?(object: Unstructured, previous: Unstructured): Unstructured;
  /** The problems of a write; `previous` is absent for a create. */
  validate?(object: Unstructured, previous: Unstructured | undefined, resource: Resource): StatusCause[];
  /** Hints for the client about a valid write. */
  warnings?(object: Unstructured, previous: Unstructured | undefined): string[];
  /** Brings a valid object into its normal form, once its name is known. */
  canonicalize?(object: Unstructured): Unstructured;
}

/** One cause for each of `names` that differs between the two; `why` begins with `field is immutable`, which Flux reads. */
export function immutableFields(change: {
  at: string;
  names: readonly string[];
  before: JsonObject;
  after: JsonObject;
  why: string;
}): StatusCause[] {
  return change.names
    .filter((name) => !deepEqual(change.before[name], change.after[name]))
    .map((name) =>
      invalidValue(change.at === '' ? name : `${change.at}.${name}`, change.after[name] ?? null, change.why),
    );
}
