import { StatusError } from '../../machinery/status-error.ts';
import { type Admission, fieldsOf } from './rules.ts';

/** Made at the first start; everything else relies on them. */
export const INITIAL_NAMESPACES = ['default', 'system'];

export const namespaceAdmission: Admission = {
  complete(namespace) {
    const { metadata } = namespace;
    const labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name };
    const status = { ...fieldsOf(namespace['status']), phase: 'Active' };
    return { ...namespace, metadata: { ...metadata, labels }, status };
  },
  checkDeletion(namespace) {
    const { name } = namespace.metadata;
    if (!INITIAL_NAMESPACES.includes(name)) return;
    throw new StatusError(
      'Forbidden',
      `namespaces "${name}" is forbidden: this namespace may not be deleted`,
      {
        details: { name, kind: 'namespaces' },
      },
    );
  },
};
