import type { ObjectMeta, Unstructured } from '../../machinery/meta.ts';
import { abridged } from '../../machinery/status-error.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { forbidden, invalidValue } from '../../structural-schema/field-error.ts';
import type { Resource } from '../resource.ts';

/** The rules for finalizers, in metadata and in the spec of a Namespace. */

/** core/helper IsStandardFinalizerName: the only names without a domain. */
const STANDARD_FINALIZERS: ReadonlySet<string> = new Set(['foregroundDeletion', 'kubernetes', 'orphan']);

const isQualified = (name: string): boolean => name.includes('/') || STANDARD_FINALIZERS.has(name);

/** core/validation ValidateFinalizerName: core/v1 takes standard names, and names with a domain. */
export function unqualifiedFinalizer(field: string, name: string): StatusCause[] {
  if (isQualified(name)) return [];
  return [invalidValue(field, name, 'name is neither a standard finalizer name nor is it fully qualified')];
}

/** Events do not go through ValidateObjectMeta of core/validation, so they take any finalizer. */
const isJudged = ({ group, kind }: Resource): boolean => group === '' && kind !== 'Event';

/** The problems of the finalizers in metadata; `previous` is absent for a create. */
export function finalizerProblems(
  resource: Resource,
  object: Unstructured,
  previous: Unstructured | undefined,
): StatusCause[] {
  const { finalizers = [] } = object.metadata;
  const unqualified = isJudged(resource)
    ? finalizers.flatMap((name, index) => unqualifiedFinalizer(`metadata.finalizers[${index}]`, name))
    : [];
  return [...unqualified, ...lateFinalizers(object.metadata, previous?.metadata)];
}

/** An object that is being deleted gets no new finalizers (apimachinery ValidateNoNewFinalizers). */
function lateFinalizers(metadata: ObjectMeta, previous: ObjectMeta | undefined): StatusCause[] {
  if (previous?.deletionTimestamp === undefined) return [];
  const added = addedFinalizers(metadata, previous);
  if (added.length === 0) return [];
  const list = added.map((one) => JSON.stringify(one)).join(', ');
  const why = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
  return [forbidden('metadata.finalizers', abridged(why))];
}

/** Hints for the finalizers without a domain that a write adds (customresource validateKubeFinalizerName). */
export function finalizerWarnings(
  resource: Resource,
  object: Unstructured,
  previous: Unstructured | undefined,
): string[] {
  if (resource.builtIn) return [];
  const added = addedFinalizers(object.metadata, previous?.metadata);
  return added.filter((name) => !isQualified(name)).map(warning);
}

function warning(name: string): string {
  const better = name.includes('.') ? 'finalizer name including a path (/)' : 'finalizer name';
  return `metadata.finalizers: "${abridged(name)}": prefer a domain-qualified ${better} to avoid accidental conflicts with other finalizer writers`;
}

function addedFinalizers({ finalizers = [] }: ObjectMeta, previous: ObjectMeta | undefined): string[] {
  const known = new Set(previous?.finalizers);
  return finalizers.filter((name) => !known.has(name));
}
