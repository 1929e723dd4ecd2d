import type { SandboxResultUsage } from '#api/types/generated/sandbox';
import type { GraphNode } from '../graph/graph.ts';
import { valueOf } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';

/**
 * status.result of the Task: the last answer as `value` (the field of compatible clients), every step's result, and
 * the sums of tokens and money. Undefined when no step has ended well.
 */
export function taskResult(
  records: readonly NodeRecord[],
  nodes: readonly GraphNode[],
): Record<string, unknown> | undefined {
  const done = records.filter((record) => record.status === 'COMPLETED');
  if (done.length === 0) return undefined;
  const workspace = done
    .map((record) => record.result?.['workspace'])
    .findLast((found) => found !== undefined);
  const usage = totalUsage(done);
  const costs = done.flatMap((record) => numberIn(record.result, 'costUSD'));
  return {
    value: lastAnswer(done, nodes),
    steps: done.map(namedResult),
    ...(usage === undefined ? {} : { usage }),
    ...(costs.length === 0 ? {} : { costUSD: toMicroDollars(costs.reduce((sum, cost) => sum + cost, 0)) }),
    ...(workspace === undefined ? {} : { workspace }),
  };
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

const USAGE_FIELDS = ['inputTokens', 'outputTokens', 'cacheReadTokens', 'cacheWriteTokens'] as const;

function totalUsage(records: readonly NodeRecord[]): SandboxResultUsage | undefined {
  const usages = records.flatMap((record) => {
    const usage = record.result?.['usage'];
    return typeof usage === 'object' && usage !== null ? [usage] : [];
  });
  if (usages.length === 0) return undefined;
  const total = (field: string): number =>
    usages.flatMap((usage) => numberIn(usage, field)).reduce((sum, count) => sum + count, 0);
  return Object.fromEntries(USAGE_FIELDS.map((field) => [field, total(field)]));
}

function numberIn(fields: object | undefined, name: string): number[] {
  const value: unknown = Object.entries(fields ?? {}).find(([key]) => key === name)?.[1];
  return typeof value === 'number' ? [value] : [];
}

/** Sums of binary fractions end in noise such as 0.06531600000000001; no price is finer than a millionth. */
function toMicroDollars(amount: number): number {
  return Math.round(amount * 1e6) / 1e6;
}
