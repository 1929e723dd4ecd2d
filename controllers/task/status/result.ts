import type { GraphNode } from '../graph/graph.ts';
import { valueOf } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import type { Conclusion } from '../unfold/unfold.ts';
import { addUse, useOf } from './use.ts';

/**
 * status.result of the Task: the last answer, or the one that its program names, as `value` (the field of compatible
 * clients), every step's result, and the sums of tokens and money, those of steps that failed
 * too, and none of steps that were taken over from another Task. Undefined when no step
 * has come to a result.
 */
export function taskResult(
  records: readonly NodeRecord[],
  nodes: readonly GraphNode[],
  { answer, author, details }: Conclusion,
): Record<string, unknown> | undefined {
  const known = records.filter(({ result }) => result !== undefined);
  if (known.length === 0) return undefined;
  const done = records.filter((record) => record.status === 'COMPLETED');
  const own = done.filter(({ node }) => node === author).map(workspaceOf);
  const workspace = own[0] ?? done.map(workspaceOf).findLast((found) => found !== undefined);
  return {
    ...details,
    value: answer ?? lastAnswer(done, nodes),
    steps: known.map(namedResult),
    ...known
      .filter(({ forkedFrom }) => forkedFrom === undefined)
      .map(({ result }) => useOf(result))
      .reduce(addUse, undefined),
    ...(workspace === undefined ? {} : { workspace }),
  };
}

/** The last run knows where the Task stands, and how it began: the figures are those of the whole Task. */
function workspaceOf({ result }: NodeRecord): Record<string, unknown> | undefined {
  const workspace: unknown = result?.['workspace'];
  if (typeof workspace !== 'object' || workspace === null) return undefined;
  const { total, ...own } = workspace as { total?: Record<string, unknown> };
  return { ...own, ...total };
}

/** The answers that no other node took up, in the order of the nodes. */
function lastAnswer(done: readonly NodeRecord[], nodes: readonly GraphNode[]): string {
  const ids = new Set(done.map(({ node }) => node));
  const needed = new Set(nodes.filter(({ id }) => ids.has(id)).flatMap(({ needs }) => needs));
  const last = done.filter(({ node }) => !needed.has(node));
  return last
    .map(valueOf)
    .filter((value) => value !== '')
    .join('\n\n');
}

function namedResult(record: NodeRecord): Record<string, unknown> {
  return { name: record.title, sandbox: record.executor_name, ...record.result };
}
