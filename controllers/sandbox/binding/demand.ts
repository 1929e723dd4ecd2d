import type { Sandbox } from '#api/types/generated/sandbox';
import { useOfSandbox } from '#api/types/resource-quota';
import type { SandboxUse } from '#api/types/resource-quota';
import { isConversation } from '#api/types/shells/shell-types';

/** The demands of a Sandbox on the Executor that it is bound to, and on the quotas of its namespace. */
export interface Demand {
  /** Whether it only talks: then it takes a share of a process where there are shares. */
  talks: boolean;
  /** Executors that have the files that it goes on with, the best first; empty when it may go anywhere. */
  earlier: readonly string[];
  selector: Readonly<Record<string, string>>;
  tolerations: readonly Toleration[];
  /** Its use of quotas while it runs. */
  use: SandboxUse;
}

export type Toleration = NonNullable<Sandbox['spec']['tolerations']>[number];

/** @param ofTask all Sandboxes of its Task, and of those whose work it goes on with */
export function demandOf(sandbox: Sandbox, ofTask: readonly Sandbox[]): Demand {
  const { spec } = sandbox;
  return {
    talks: isConversation(spec),
    earlier: earlierExecutors(sandbox, ofTask),
    selector: spec.executorSelector ?? {},
    tolerations: spec.tolerations ?? [],
    use: useOfSandbox(sandbox),
  };
}

/** The same text for all that have the same demand: what one of them cannot have, none of them can. */
export function demandKey({ talks, earlier, selector, tolerations, use }: Demand): string {
  const { cpu, memory } = use;
  const labels = Object.entries(selector).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([talks, earlier, labels, tolerations, `${cpu}`, `${memory}`]);
}

/**
 * Executors that have files which the Sandbox goes on with, in the order in which it would take them; `ofTask` are all
 * Sandboxes of the Task, and of those whose work it goes on with. One that begins with a clone of its own, or with nothing, is free to go anywhere.
 */
export function earlierExecutors({ spec }: Sandbox, ofTask: readonly Sandbox[]): string[] {
  if (isConversation(spec)) return [];
  if (spec.node === undefined) {
    // Those of versions before graphs go on with whatever the Task has.
    return spec.workspace === undefined ? [] : ofTask.flatMap((other) => other.spec.executorName ?? []);
  }
  const executors = new Map(ofTask.map((other) => [other.metadata.uid, other.spec.executorName]));
  return (spec.continueFrom ?? []).flatMap(({ uid }) => executors.get(uid) ?? []);
}
