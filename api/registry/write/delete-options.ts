import type { Unstructured } from '../../machinery/meta.ts';
import { abridged, conflict, invalid } from '../../machinery/status-error.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { invalidValue, unsupportedValue } from '../../structural-schema/field-error.ts';
import type { Current } from './current-object.ts';
import type { DeleteOptions } from '../requests.ts';
import type { Target } from '../resource.ts';

export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

const POLICIES: ReadonlySet<string> = new Set(['Background', 'Foreground', 'Orphan']);

/** ValidateDeleteOptions of apimachinery. @throws StatusError Invalid */
export function checkDeleteOptions({ propagationPolicy: policy, orphanDependents }: DeleteOptions): void {
  const causes: StatusCause[] = [];
  const field = 'propagationPolicy';
  if (policy !== undefined && orphanDependents !== undefined) {
    const detail = 'orphanDependents and deletionPropagation cannot be both set';
    causes.push(invalidValue(field, policy, detail));
  }
  if (policy !== undefined && !POLICIES.has(policy)) {
    causes.push(unsupportedValue(field, policy, ['Foreground', 'Background', 'Orphan', 'nil']));
  }
  if (causes.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', causes);
}

/** BeforeDelete of apiserver registry/rest/delete.go. @throws StatusError Conflict */
export function checkPreconditions(
  { resource, name }: Target,
  options: DeleteOptions,
  current: Current,
): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const { uid: actual = '' } = current.object.metadata;
  // The kind stands for the resource here, as upstream.
  const at = { group: resource.group, plural: resource.kind };
  if (uid !== undefined && uid !== actual) {
    const given = abridged(uid);
    throw conflict(
      at,
      name,
      `the UID in the precondition (${given}) does not match the UID in record (${actual}). The object might have been deleted and then recreated`,
    );
  }
  const { revision } = current.stored;
  if (resourceVersion !== undefined && resourceVersion !== String(revision)) {
    const given = abridged(resourceVersion);
    throw conflict(
      at,
      name,
      `the ResourceVersion in the precondition (${given}) does not match the ResourceVersion in record (${revision}). The object might have been modified`,
    );
  }
}

/**
 * The finalizers that an object to be deleted has to have: those that make the garbage collector orphan or delete
 * its dependents first come and go with what the client asks for; without a wish they stay
 * (store.go deletionFinalizersForGarbageCollection).
 */
export function deletionFinalizers(object: Unstructured, options: DeleteOptions): readonly string[] {
  const { finalizers = [] } = object.metadata;
  const wanted = wantedFinalizer(finalizers, options);
  const others = finalizers.filter((one) => one !== FOREGROUND && one !== ORPHAN);
  const next = wanted === undefined ? others : [...others, wanted];
  const same = next.length === finalizers.length && next.every((one) => finalizers.includes(one));
  return same ? finalizers : next;
}

function wantedFinalizer(
  finalizers: readonly string[],
  { orphanDependents, propagationPolicy }: DeleteOptions,
): string | undefined {
  if (orphanDependents !== undefined) return orphanDependents ? ORPHAN : undefined;
  if (propagationPolicy === 'Orphan') return ORPHAN;
  if (propagationPolicy === 'Foreground') return FOREGROUND;
  if (propagationPolicy === 'Background') return undefined;
  return finalizers.find((one) => one === ORPHAN || one === FOREGROUND);
}
