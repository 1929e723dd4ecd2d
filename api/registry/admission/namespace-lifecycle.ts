import { qualifiedResource } from '../../machinery/group-version-kind.ts';
import { EXECUTOR_NAMESPACE, KUBE_SYSTEM_NAMESPACE } from '../../machinery/users/process-account.ts';
import { notFound, StatusError } from '../../machinery/status-error.ts';
import { PUBLIC_NAMESPACE } from '../../types/shells/shell.ts';
import type { Store } from '../../storage/contract/store.ts';
import { storageResource } from '../resource.ts';
import { translated } from '../storage-failure.ts';
import type { AdmissionRequest, CreateAdmission, MutatingPlugin } from './admission.ts';

/**
 * Made at each start; everything else relies on them. kube-system holds the accounts of our own processes, and
 * troupe-executors those of executor managers.
 */
export const INITIAL_NAMESPACES = ['default', PUBLIC_NAMESPACE, KUBE_SYSTEM_NAMESPACE, EXECUTOR_NAMESPACE];
const IMMORTAL: ReadonlySet<string> = new Set(INITIAL_NAMESPACES);

/**
 * Objects are created in namespaces that exist and are not being deleted, and some namespaces are never deleted
 * (apiserver pkg/admission/plugin/namespace/lifecycle, which is a mutating plugin too: it has to come before validation).
 */
export function namespaceLifecycle(store: Pick<Store, 'get'>): MutatingPlugin {
  return {
    name: 'NamespaceLifecycle',
    admit(request) {
      if (request.operation === 'DELETE') checkMortal(request);
      return request.operation === 'CREATE' ? checkNamespace(store, request) : undefined;
    },
  };
}

/** @throws StatusError Forbidden */
function checkMortal({ resource, name }: AdmissionRequest): void {
  if (storageResource(resource) !== 'namespaces' || !IMMORTAL.has(name)) return;
  throw new StatusError('Forbidden', `namespaces "${name}" is forbidden: this namespace may not be deleted`, {
    details: { name, kind: 'namespaces' },
  });
}

/** @throws StatusError NotFound when the namespace is not there, Forbidden when it is being deleted */
async function checkNamespace(store: Pick<Store, 'get'>, request: CreateAdmission): Promise<undefined> {
  const { resource, namespace } = request;
  if (resource.scope === 'Cluster') return;
  const key = { resource: 'namespaces', namespace: '', name: namespace };
  const found = await translated(store.get(key), { resource });
  if (found === undefined) throw notFound({ group: '', plural: 'namespaces' }, namespace);
  if (found.object.metadata.deletionTimestamp !== undefined) throw beingTerminated(request);
}

function beingTerminated({ resource, namespace, object }: CreateAdmission): StatusError {
  const { group, plural: kind } = resource;
  const { name: given, generateName = '' } = object.metadata;
  // No name is generated yet (pkg/admission/errors.go extractResourceName).
  const name = given || generateName || 'Unknown';
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
    field: 'metadata.namespace',
  };
  return new StatusError(
    'Forbidden',
    `${qualifiedResource(resource)} "${name}" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
    { details: { name, ...(group !== '' && { group }), kind, causes: [cause] } },
  );
}
