import { invalidValue, requiredValue } from '../../structural-schema/field-error.ts';
import { unqualifiedFinalizer } from '../write/finalizers.ts';
import { qualifiedNameProblems } from '../../machinery/object-name.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import type { Strategy } from './strategy.ts';

/** Held by the controller that empties a namespace; kept in spec, of all places, by the oldest rule there is. */
const FINALIZER = 'kubernetes';

/** kubernetes pkg/registry/core/namespace/strategy.go and pkg/apis/core/v1/defaults.go. */
export const namespaceStrategy: Strategy = {
  applyDefaults: withNameLabel,
  prepareForCreate: active,
  prepareForUpdate(namespace, previous) {
    const { spec: _asked, ...rest } = namespace;
    return previous['spec'] === undefined ? rest : { ...rest, spec: previous['spec'] };
  },
  prepareForStatusUpdate: withPhase,
  validate(namespace) {
    return finalizersOf(namespace).flatMap((name, index) => finalizerProblems(name, index));
  },
  canonicalize: withNameLabel,
};

/** A name that is still to be generated gets its label later. */
function withNameLabel(namespace: Unstructured): Unstructured {
  const { metadata } = namespace;
  if (metadata.name === '') return namespace;
  const labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name };
  return { ...namespace, metadata: { ...metadata, labels } };
}

function active(namespace: Unstructured): Unstructured {
  const finalizers = finalizersOf(namespace);
  return {
    ...namespace,
    spec: { finalizers: finalizers.includes(FINALIZER) ? finalizers : [...finalizers, FINALIZER] },
    status: { phase: 'Active' },
  };
}

/** Terminating exactly while deletion was asked for (ValidateNamespaceStatusUpdate refuses the rest). */
function withPhase(namespace: Unstructured): Unstructured {
  const phase = namespace.metadata.deletionTimestamp === undefined ? 'Active' : 'Terminating';
  return { ...namespace, status: { ...fieldsOf(namespace['status']), phase } };
}

/** The finalizers of the namespace's content, in spec. */
export function finalizersOf(namespace: Unstructured): string[] {
  const { finalizers } = fieldsOf(namespace['spec']);
  return Array.isArray(finalizers) ? finalizers.filter((one) => typeof one === 'string') : [];
}

/** core/validation ValidateFinalizerName */
function finalizerProblems(name: string, index: number): StatusCause[] {
  const field = `spec.finalizers[${index}]`;
  if (name === '') return [requiredValue(field)];
  const problems = qualifiedNameProblems(name).map((problem) => invalidValue(field, name, problem));
  return problems.length > 0 ? problems : unqualifiedFinalizer(field, name);
}

/** The namespace at the moment of its deletion; a controller empties it later (core/namespace/storage). */
export function terminating(namespace: Unstructured): Unstructured {
  return { ...namespace, status: { ...fieldsOf(namespace['status']), phase: 'Terminating' } };
}
