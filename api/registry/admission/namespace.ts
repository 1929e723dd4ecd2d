import { invalidValue, requiredValue } from '../../structural-schema/field-error.ts';
import { qualifiedNameProblems } from '../../machinery/object-name.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { StatusError } from '../../machinery/status-error.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { fieldsOf } from './rules.ts';
import type { Admission } from './rules.ts';

/** Made at the first start; everything else relies on them. */
export const INITIAL_NAMESPACES = ['default', 'system'];
/** kube-system is where kube-apiserver's own things are: whoever has one keeps it. */
const IMMORTAL = new Set([...INITIAL_NAMESPACES, 'kube-system']);

/** Held by the controller that empties a namespace; kept in spec, of all places, by the oldest rule there is. */
const FINALIZER = 'kubernetes';

/** kubernetes pkg/registry/core/namespace/strategy.go and pkg/apis/core/v1/defaults.go. */
export const namespaceAdmission: Admission = {
  complete(namespace) {
    const { metadata } = namespace;
    if (metadata.name === '') return namespace;
    const labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name };
    return { ...namespace, metadata: { ...metadata, labels } };
  },
  prepare(namespace, { previous, isStatus }) {
    if (previous === undefined) return active(namespace);
    if (isStatus === true) return withPhase(namespace);
    const { spec: _asked, ...rest } = namespace;
    return previous['spec'] === undefined ? rest : { ...rest, spec: previous['spec'] };
  },
  judge(namespace) {
    return finalizersOf(namespace).flatMap((name, index) => finalizerProblems(name, index));
  },
  checkDeletion(namespace) {
    const { name } = namespace.metadata;
    if (!IMMORTAL.has(name)) return;
    throw new StatusError(
      'Forbidden',
      `namespaces "${name}" is forbidden: this namespace may not be deleted`,
      {
        details: { name, kind: 'namespaces' },
      },
    );
  },
};

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

/** core/validation ValidateFinalizerName: a qualified name; without a domain only the standard one. */
function finalizerProblems(name: string, index: number): StatusCause[] {
  const field = `spec.finalizers[${index}]`;
  if (name === '') return [requiredValue(field)];
  const problems = qualifiedNameProblems(name).map((problem) => invalidValue(field, name, problem));
  if (problems.length > 0 || name.includes('/') || STANDARD.has(name)) return problems;
  return [invalidValue(field, name, 'name is neither a standard finalizer name nor is it fully qualified')];
}

const STANDARD = new Set([FINALIZER, 'orphan', 'foregroundDeletion']);

/** What a deletion makes of a namespace at once; emptying it is the controller's (core/namespace/storage). */
export function terminating(namespace: Unstructured): Unstructured {
  return { ...namespace, status: { ...fieldsOf(namespace['status']), phase: 'Terminating' } };
}
