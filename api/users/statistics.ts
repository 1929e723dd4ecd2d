import { BoundedCache } from '../machinery/bounded-cache.ts';
import type { Clock } from '../machinery/clock.ts';
import { fieldsOf } from '../machinery/json/json.ts';
import type { Unstructured } from '../machinery/meta.ts';
import { translated } from '../registry/storage-failure.ts';
import type { ObjectStore } from '../storage/contract/objects.ts';
import { personalNamespace } from '../types/account.ts';
import type { Account } from './account-store.ts';

/** The figures of somebody's Tasks. */
interface UserStatistics {
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

/** All Tasks are gone through: the sums of each namespace are kept for so long. */
const KEEP_MS = 5_000;
const MOST_KEPT = 1_000;

/** Whether who asks may list Tasks in a namespace. */
export type MayListTasks = (namespace: string) => Promise<boolean>;

/** The Tasks of one User, by their namespaces. */
type TasksOfUser = ReadonlyMap<string, readonly Unstructured[]>;

/** The statistics of people. Failures are StatusErrors. */
export class Statistics {
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  readonly #kept = new BoundedCache<{ at: number; tasks: Promise<TasksOfUser> }>({ most: MOST_KEPT });

  constructor({ store, clock }: { store: ObjectStore; clock: Clock }) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Of the Tasks in the namespace of a User, and of those that he has made elsewhere, as far as he may list them now. */
  async of(account: Account, mayList: MayListTasks): Promise<UserStatistics> {
    const tasks = await this.#tasksOf(account);
    const allowed = await Promise.all([...tasks.keys()].map((namespace) => mayList(namespace)));
    return sumOf([...tasks.values()].filter((_tasks, index) => allowed[index] === true).flat());
  }

  #tasksOf(account: Account): Promise<TasksOfUser> {
    const key = account.metadata.uid ?? '';
    const now = this.#clock.now();
    const known = this.#kept.get(key);
    if (known !== undefined && now - known.at < KEEP_MS) return known.tasks;
    const tasks = this.#find(account);
    this.#kept.set(key, { at: now, tasks });
    tasks.catch(() => this.#kept.delete(key));
    return tasks;
  }

  async #find({ metadata: { name, uid } }: Account): Promise<TasksOfUser> {
    const query = { resource: 'tasks.agent.wecode.io', minRevision: 0 };
    const { items } = await translated(this.#store.list(query), AT_TASKS);
    const own = items
      .map(({ object }) => object)
      .filter((task) => task.metadata.namespace === personalNamespace(name) || isMadeBy(task, uid));
    return Map.groupBy(own, ({ metadata }) => metadata.namespace ?? '');
  }
}

const AT_TASKS = { resource: { group: 'agent.wecode.io', plural: 'tasks' } };

/** By the uid: a User of that name may have been there before. */
function isMadeBy(task: Unstructured, uid: string | undefined): boolean {
  return uid !== undefined && fieldsOf(fieldsOf(task['spec'])['user'])['uid'] === uid;
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
