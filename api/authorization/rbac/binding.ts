import { goQuote } from '../../machinery/go-text.ts';
import type { RoleRef, Subject } from '../../types/rbac.ts';

/** A RoleBinding, or with namespace '' a ClusterRoleBinding. */
export interface RoleBinding {
  namespace: string;
  name: string;
  roleRef: RoleRef;
  subjects: readonly Subject[];
}

/** Of a Role its namespace and name, of a ClusterRole '' and its name. */
export interface RolePlace {
  namespace: string;
  name: string;
}

/** The role that a binding in `namespace` gives ('' for a ClusterRoleBinding). */
export function rolePlace({ kind, name }: RoleRef, namespace: string): RolePlace {
  return { namespace: kind === 'Role' ? namespace : '', name };
}

/** A namespace has no slash in it. */
export const placeKey = ({ namespace, name }: RolePlace): string => `${namespace}/${name}`;

/** Who a subject is: the name of a user or of a group. Undefined for one that is nobody. */
export function subjectName(
  subject: Subject,
  bindingNamespace: string,
): { is: 'group' | 'user'; name: string } | undefined {
  const { kind, name } = subject;
  if (kind === 'User') return { is: 'user', name };
  if (kind === 'Group') return { is: 'group', name };
  const namespace = accountNamespace(subject, bindingNamespace);
  if (kind !== 'ServiceAccount' || namespace === '') return undefined;
  return { is: 'user', name: `system:serviceaccount:${namespace}:${name}` };
}

/** A RoleBinding may leave out its own namespace. */
const accountNamespace = ({ namespace = '' }: Subject, bindingNamespace: string): string =>
  namespace === '' ? bindingNamespace : namespace;

/** Why a request is allowed, as kube-apiserver says it in its audit log (pkg/registry/rbac/validation/rule.go). */
export function allowedBy({ namespace, name, roleRef }: RoleBinding, subject: Subject): string {
  const binding =
    namespace === ''
      ? `ClusterRoleBinding ${goQuote(name)}`
      : `RoleBinding ${goQuote(`${name}/${namespace}`)}`;
  const role = `${roleRef.kind} ${goQuote(roleRef.name)}`;
  return `RBAC: allowed by ${binding} of ${role} to ${describedSubject(subject, namespace)}`;
}

function describedSubject(subject: Subject, bindingNamespace: string): string {
  const { kind, name } = subject;
  if (kind !== 'ServiceAccount') return `${kind} ${goQuote(name)}`;
  return `${kind} ${goQuote(`${name}/${accountNamespace(subject, bindingNamespace)}`)}`;
}

/** The error of client-go's lister for a role that a binding names and that is not there. */
export function roleIsMissing({ kind, name }: RoleRef): string {
  return `${kind.toLowerCase()}.rbac.authorization.k8s.io ${goQuote(name)} not found`;
}
