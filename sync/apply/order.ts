/**
 * The order in which kinds are applied, so that most objects find what they name; all others come last, and all are deleted
 * the other way round. References need not be there when an object is written, so this saves moments, not correctness.
 */
const ORDER = [
  'Namespace',
  'CustomResourceDefinition',
  'ResourceQuota',
  'ServiceAccount',
  'Role',
  'ClusterRole',
  'RoleBinding',
  'ClusterRoleBinding',
  'Secret',
  'ConfigMap',
  'Model',
  'Shell',
  'Skill',
  'MCPServer',
  'Ghost',
  'Bot',
  'Collaboration',
  'Team',
  'Workspace',
] as const;

const PLACES = new Map<string, number>(ORDER.map((kind, index) => [kind, index]));

/** Sorts by kind, and keeps the order of the manifests within one. */
export function inOrder<T extends { kind: string }>(objects: readonly T[]): T[] {
  const place = ({ kind }: T): number => PLACES.get(kind) ?? ORDER.length;
  return objects.toSorted((a, b) => place(a) - place(b));
}

/** Kinds that others live in or are defined by: they are applied before the server can validate those others. */
export const isFoundation = ({ kind }: { kind: string }): boolean =>
  kind === 'Namespace' || kind === 'CustomResourceDefinition';
