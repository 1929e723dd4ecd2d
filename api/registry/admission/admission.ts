import type { Unstructured } from '../../machinery/meta.ts';
import type { User } from '../../machinery/users/user.ts';
import type { Subresource } from '../requests.ts';
import type { Resource } from '../resource.ts';

/**
 * Rules that hold across kinds, or that need more than the object: who asks, other objects, whether it is a dry run.
 * Rules of a single kind that need nothing else belong to its strategy. As in kube-apiserver (apiserver
 * pkg/admission/interfaces.go) mutating plugins run first and may change the object, validating plugins see it as it is
 * going to be stored. A dry run goes through all of them, so a plugin that writes elsewhere must look at `dryRun`.
 */
export interface AdmissionPlugins {
  mutating: readonly MutatingPlugin[];
  validating: readonly ValidatingPlugin[];
}

export interface MutatingPlugin {
  name: string;
  /**
   * @returns the object as it is to be, managedFields untouched; undefined leaves it as it is
   * @throws StatusError to refuse the request
   */
  admit(request: AdmissionRequest): Promise<Unstructured | undefined> | undefined;
}

export interface ValidatingPlugin {
  name: string;
  /** @throws StatusError to refuse the request */
  validate(request: AdmissionRequest): Promise<void> | void;
}

interface Attributes {
  resource: Resource;
  /** Absent for the object itself. For `scale` the object is the one that is scaled. */
  subresource: Subresource | undefined;
  /** '' for cluster-scoped kinds. */
  namespace: string;
  /** '' while it is still to be generated. */
  name: string;
  user: User;
  dryRun: boolean;
}

export interface CreateAdmission extends Attributes {
  operation: 'CREATE';
  object: Unstructured;
  previous: undefined;
}

export interface UpdateAdmission extends Attributes {
  operation: 'UPDATE';
  object: Unstructured;
  previous: Unstructured;
}

export interface DeleteAdmission extends Attributes {
  operation: 'DELETE';
  object: undefined;
  previous: Unstructured;
}

export type WriteAdmission = CreateAdmission | UpdateAdmission;
export type AdmissionRequest = DeleteAdmission | WriteAdmission;

/** The object after all mutating plugins. @throws StatusError when one refuses */
export async function runMutating(
  { mutating }: AdmissionPlugins,
  request: WriteAdmission,
): Promise<Unstructured> {
  let { object } = request;
  for (const plugin of mutating) object = (await plugin.admit({ ...request, object })) ?? object;
  return object;
}

/** @throws StatusError when a validating plugin refuses */
export async function runValidating(
  { validating }: AdmissionPlugins,
  request: AdmissionRequest,
): Promise<void> {
  for (const plugin of validating) await plugin.validate(request);
}

/** Nothing can be changed about a deletion; mutating plugins may still refuse it. @throws StatusError */
export async function admitDeletion(plugins: AdmissionPlugins, request: DeleteAdmission): Promise<void> {
  for (const plugin of plugins.mutating) await plugin.admit(request);
  await runValidating(plugins, request);
}
