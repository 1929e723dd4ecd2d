import { createHash } from 'node:crypto';
import { labelValueProblems } from '#api/machinery/object-name';
import type { RuntimeMeta } from './cluster-objects.ts';

/** Labels by which the manager knows what is its own; nothing else in the cluster is ever touched. */
export const LABEL = {
  /** Recommended by Kubernetes for all that a tool makes. */
  managedBy: 'app.kubernetes.io/managed-by',
  executor: 'agent.wecode.io/executor',
  /** See ownerID: two installations may share a namespace, and an executor's name. */
  owner: 'agent.wecode.io/owner',
  /** The runtime's id. */
  runtime: 'agent.wecode.io/runtime',
} as const;

export interface Owner {
  namespace: string;
  executorName: string;
  owner: string;
}

const MANAGED_BY = 'troupe';

/** The selector of what one executor of one installation has made. */
export function ownedBy(owner: Owner): string {
  return Object.entries(ownLabels(owner))
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}

export function runtimeMeta(id: string, owner: Owner): RuntimeMeta {
  return { name: id, namespace: owner.namespace, labels: { ...ownLabels(owner), [LABEL.runtime]: id } };
}

function ownLabels({ executorName, owner }: Owner): Record<string, string> {
  return {
    [LABEL.managedBy]: MANAGED_BY,
    [LABEL.executor]: labelValue(executorName),
    [LABEL.owner]: owner,
  };
}

/** The name of an Executor may be longer than a label's value. */
function labelValue(name: string): string {
  if (labelValueProblems(name).length === 0) return name;
  return `sha256-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
}
