import { fieldsOf } from '../machinery/json/json.ts';
import type { Unstructured } from '../machinery/meta.ts';
import { translated } from '../registry/storage-failure.ts';
import type { ObjectStore } from '../storage/contract/objects.ts';
import { personalNamespace } from '../types/account.ts';

/** The figures of somebody's Tasks. */
export interface UserStatistics {
  tasks: { total: number; by_status: Record<string, number> };
  tokens: { input: number; output: number; cache_read: number; cache_write: number };
  /** As far as runs have told what they cost. */
  cost_usd: number;
}

const TOKENS = {
  input: 'inputTokens',
  output: 'outputTokens',
  cache_read: 'cacheReadTokens',
  cache_write: 'cacheWriteTokens',
} as const;

/** Of the Tasks in the namespace of a User. */
export async function statisticsOf(store: ObjectStore, user: string): Promise<UserStatistics> {
  const query = { resource: 'tasks.agent.wecode.io', namespace: personalNamespace(user), minRevision: 0 };
  const { items } = await translated(store.list(query), {
    resource: { group: 'agent.wecode.io', plural: 'tasks' },
  });
  return sumOf(items.map(({ object }) => object));
}

/** Pure. */
export function sumOf(tasks: readonly Unstructured[]): UserStatistics {
  const sum: UserStatistics = {
    tasks: { total: tasks.length, by_status: {} },
    tokens: { input: 0, output: 0, cache_read: 0, cache_write: 0 },
    cost_usd: 0,
  };
  for (const task of tasks) addTask(sum, fieldsOf(task['status']));
  return sum;
}

function addTask(sum: UserStatistics, { status = 'PENDING', result }: Record<string, unknown>): void {
  const counts = sum.tasks.by_status;
  counts[String(status)] = (counts[String(status)] ?? 0) + 1;
  const { usage, costUSD } = fieldsOf(result);
  const tokens = fieldsOf(usage);
  for (const name of Object.keys(TOKENS) as (keyof typeof TOKENS)[]) {
    sum.tokens[name] += numberOf(tokens[TOKENS[name]]);
  }
  sum.cost_usd += numberOf(costUSD);
}

const numberOf = (value: unknown): number =>
  typeof value === 'number' || typeof value === 'bigint' ? Number(value) : 0;
