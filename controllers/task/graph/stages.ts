import type { SandboxSpec } from '#api/types/generated/sandbox';
import type { TaskSubTask } from '#api/types/generated/task';
import type { GraphNode } from './graph.ts';

/**
 * The one place that counts. Compatible clients know stages of a pipeline by their number: spec.currentStage,
 * status.currentStep, "Step 2 of 3", and the records in status.subTasks that older versions wrote. Everything else
 * knows nodes by their ids.
 */

/** The id of the node that stage `index` of a chain becomes. */
export function stageNode(index: number): string {
  return `s${index}`;
}

/** The number of a node among `ids`, those of all nodes, from 0. @throws RangeError for a node that is not there. */
export function stageOf(ids: readonly string[], id: string): number {
  const stage = ids.indexOf(id);
  if (stage < 0) throw new RangeError(`there is no node ${id}`);
  return stage;
}

/** The nodes whose end is confirmed: setting spec.currentStage to a stage confirms all before it. */
export function confirmedNodes(
  nodes: readonly GraphNode[],
  currentStage: number | undefined,
): ReadonlySet<string> {
  return new Set(nodes.slice(0, currentStage ?? 0).map(({ id }) => id));
}

/** The node that a Sandbox runs; those of versions before graphs have their step alone. */
export function nodeOfSandbox({ node, step }: SandboxSpec): string {
  return node ?? stageNode(step ?? 0);
}

/** Versions before graphs wrote one record per stage, in order and without the id of a node. */
export function nodeOfRecord(record: TaskSubTask, index: number): string {
  return record.node ?? stageNode(index);
}
