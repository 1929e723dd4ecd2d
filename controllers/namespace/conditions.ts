import type { Condition, NewCondition } from '#api/machinery/condition';

/** What one round of emptying a namespace came to. */
export interface DeletionOutcome {
  /** Why not all kinds are known. */
  discoveryFailure?: string;
  /** One text per kind whose objects could not be deleted. */
  failures: readonly string[];
  /** `plural.group` -> how many objects are still there. */
  remaining: ReadonlyMap<string, number>;
  /** Finalizer -> how many objects it keeps. */
  finalizers: ReadonlyMap<string, number>;
}

/** Types, reasons and texts of kube-controller-manager (namespace/deletion/status_condition_utils.go). */
const FINE: readonly NewCondition[] = [
  fine('NamespaceDeletionDiscoveryFailure', 'ResourcesDiscovered', 'All resources successfully discovered'),
  fine(
    'NamespaceDeletionGroupVersionParsingFailure',
    'ParsedGroupVersions',
    'All legacy kube types successfully parsed',
  ),
  fine(
    'NamespaceDeletionContentFailure',
    'ContentDeleted',
    'All content successfully deleted, may be waiting on finalization',
  ),
  fine('NamespaceContentRemaining', 'ContentRemoved', 'All content successfully removed'),
  fine(
    'NamespaceFinalizersRemaining',
    'ContentHasNoFinalizers',
    'All content-preserving finalizers finished',
  ),
];

function fine(type: string, reason: string, message: string): NewCondition {
  return { type, status: 'False', reason, message };
}

/** The conditions after a round; those of other controllers stay. The same array when nothing changed. */
export function deletionConditions(
  old: readonly Condition[],
  outcome: DeletionOutcome,
  now: string,
): readonly Condition[] {
  const troubles = new Map(troublesOf(outcome).map((condition) => [condition.type, condition]));
  const next = [...old];
  let changed = false;
  for (const standard of FINE) {
    const condition = troubles.get(standard.type) ?? standard;
    const at = next.findIndex(({ type }) => type === condition.type);
    const known = next[at];
    if (known !== undefined && isSame(known, condition)) continue;
    changed = true;
    const lastTransitionTime = known?.status === condition.status ? known.lastTransitionTime : now;
    next.splice(at < 0 ? next.length : at, 1, { ...condition, lastTransitionTime });
  }
  return changed ? next : old;
}

function isSame(a: Condition, b: NewCondition): boolean {
  return a.status === b.status && a.reason === b.reason && a.message === b.message;
}

function troublesOf({ discoveryFailure, failures, remaining, finalizers }: DeletionOutcome): NewCondition[] {
  const left = counted(remaining, (name, count) => `${name} has ${count} resource instances`);
  const kept = counted(finalizers, (name, count) => `${name} in ${count} resource instances`);
  const troubles = {
    NamespaceDeletionDiscoveryFailure: { reason: 'DiscoveryFailed', message: discoveryFailure },
    NamespaceDeletionContentFailure: {
      reason: 'ContentDeletionFailed',
      message: failures.length === 0 ? undefined : failureText(failures),
    },
    NamespaceContentRemaining: {
      reason: 'SomeResourcesRemain',
      message: left && `Some resources are remaining: ${left}`,
    },
    NamespaceFinalizersRemaining: {
      reason: 'SomeFinalizersRemain',
      message: kept && `Some content in the namespace has finalizers remaining: ${kept}`,
    },
  };
  return Object.entries(troubles).flatMap(([type, { reason, message }]) =>
    message === undefined ? [] : [{ type, status: 'True' as const, reason, message }],
  );
}

function failureText(failures: readonly string[]): string {
  return `Failed to delete all resource types, ${failures.length} remaining: ${failures.toSorted().join(', ')}`;
}

/** Sorted, so that the same state gives the same text; undefined for nothing. */
function counted(
  counts: ReadonlyMap<string, number>,
  text: (name: string, count: number) => string,
): string | undefined {
  if (counts.size === 0) return undefined;
  const texts = [...counts].map(([name, count]) => text(name, count));
  return texts.sort().join(', ');
}
