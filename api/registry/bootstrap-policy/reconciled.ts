import { uncoveredRules } from '../../authorization/rbac/coverage.ts';
import { deepEqual } from '../../machinery/json/deep-equal.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { aggregatedRules } from '../../types/aggregated-rules.ts';
import { RBAC_GROUP } from '../../types/rbac.ts';
import type { Binding, ClusterRole, Subject } from '../../types/rbac.ts';
import type { BootstrapBinding, BootstrapRole } from './bootstrap-role.ts';

/**
 * Bootstrap roles and bindings as objects, and what becomes of those that are there: what is missing is added, what is
 * more stays (k8s.io/component-helpers auth/rbac/reconciliation).
 */

/** `false` keeps an object as it is (rbacv1.AutoUpdateAnnotationKey). */
const AUTO_UPDATE = 'rbac.authorization.kubernetes.io/autoupdate';
const LABELS = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
const ANNOTATIONS = { [AUTO_UPDATE]: 'true' };

export const isProtected = ({ metadata }: Unstructured): boolean =>
  metadata.annotations?.[AUTO_UPDATE] === 'false';

/** Aggregated roles have the rules of the others at once: nobody waits for a controller to start. */
export function newRole(role: BootstrapRole, all: readonly BootstrapRole[]): ClusterRole {
  const object = roleObject(role);
  if (role.aggregates === undefined) return object;
  const aggregated = new Map(all.map((one) => [one.name, roleObject(one)]));
  // A role may be made of one that is made of others: after as many rounds as there are roles nothing changes.
  for (const _round of all) {
    for (const one of aggregated.values()) {
      if (one.aggregationRule !== undefined) one.rules = aggregatedRules(one, [...aggregated.values()]);
    }
  }
  return aggregated.get(role.name) ?? object;
}

function roleObject({ name, namespace, labels, rules, aggregates }: BootstrapRole): ClusterRole {
  return {
    apiVersion: `${RBAC_GROUP}/v1`,
    kind: namespace === undefined ? 'ClusterRole' : 'Role',
    metadata: metadataOf(name, namespace, labels),
    ...(aggregates !== undefined && { aggregationRule: { clusterRoleSelectors: [...aggregates] } }),
    ...(rules !== undefined && { rules: [...rules] }),
  };
}

export function newBinding({ name, namespace, role, subjects }: BootstrapBinding): Binding {
  return {
    apiVersion: `${RBAC_GROUP}/v1`,
    kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata: metadataOf(name, namespace),
    subjects: [...subjects],
    roleRef: { apiGroup: RBAC_GROUP, ...role },
  };
}

function metadataOf(name: string, namespace: string | undefined, labels: Record<string, string> = {}) {
  const place = namespace === undefined ? { name } : { name, namespace };
  return { ...place, labels: { ...LABELS, ...labels }, annotations: ANNOTATIONS };
}

/** The stored role with all that the bootstrap role has; the same when nothing is missing. */
export function changedRole(stored: ClusterRole, role: BootstrapRole): ClusterRole {
  const wanted = roleObject(role);
  const rules = stored.rules ?? [];
  // Those of an aggregated role are its controller's.
  const missing = role.aggregates === undefined ? uncoveredRules(rules, wanted.rules ?? []) : [];
  const { aggregationRule: _before, ...rest } = stored;
  const aggregationRule = changedAggregation(stored, role);
  return {
    ...rest,
    metadata: changedMetadata(stored, wanted),
    ...(aggregationRule !== undefined && { aggregationRule }),
    ...(missing.length > 0 && { rules: [...rules, ...missing] }),
  };
}

function changedAggregation(
  { aggregationRule }: ClusterRole,
  { aggregates }: BootstrapRole,
): ClusterRole['aggregationRule'] {
  if (aggregates === undefined) return undefined;
  const selectors = aggregationRule?.clusterRoleSelectors ?? [];
  const missing = aggregates.filter((one) => !selectors.some((known) => deepEqual(known, one)));
  return missing.length === 0 ? aggregationRule : { clusterRoleSelectors: [...selectors, ...missing] };
}

/** The stored binding with all subjects of the bootstrap binding. */
export function changedBinding(stored: Binding, binding: BootstrapBinding): Binding {
  const { subjects = [] } = stored;
  const missing = binding.subjects.filter((one) => !subjects.some((known) => isSameSubject(known, one)));
  const metadata = changedMetadata(stored, newBinding(binding));
  return { ...stored, metadata, ...(missing.length > 0 && { subjects: [...subjects, ...missing] }) };
}

const isSameSubject = (left: Subject, right: Subject): boolean =>
  left.kind === right.kind && left.name === right.name && left.namespace === right.namespace;

/** A role cannot be exchanged in a binding: such a one is made again. */
export const givesAnotherRole = ({ roleRef }: Binding, { role }: BootstrapBinding): boolean =>
  roleRef.kind !== role.kind || roleRef.name !== role.name;

/** Metadata that are there already win. */
function changedMetadata({ metadata: stored }: Unstructured, { metadata: wanted }: Unstructured) {
  return {
    ...stored,
    labels: { ...wanted.labels, ...stored.labels },
    annotations: { ...wanted.annotations, ...stored.annotations },
  };
}
