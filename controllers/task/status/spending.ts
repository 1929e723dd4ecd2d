import type { Task, TaskStatus } from '#api/types/generated/task';
import { isEnded } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import { addUse, useOf } from './use.ts';
import type { Amount, Use } from './use.ts';

/** The tokens and the money that runs which have ended have used up, whatever their end; those that still run aside. */
export function spentBy(records: readonly NodeRecord[]): Required<Amount> {
  const uses = records.map((record) => (isEnded(record) ? useOf(record.result) : record.earlierUse));
  const { usage = {}, costUSD = 0 }: Use = uses.reduce(addUse, undefined) ?? {};
  return { tokens: Object.values(usage).reduce((sum, count) => sum + count, 0), costUSD };
}

/** All that the Task may spend when people have given it its budget `granted` times more; undefined where it has none. */
export function budgetOf({ spec }: Task, granted = 0): Amount | undefined {
  const { tokenBudget, costBudget } = spec;
  if (tokenBudget === undefined && costBudget === undefined) return undefined;
  const times = 1 + granted;
  return {
    ...(tokenBudget === undefined ? {} : { tokens: tokenBudget * times }),
    ...(costBudget === undefined ? {} : { costUSD: toMicroDollars(costBudget * times) }),
  };
}

/** The field of the status; absent where the Task has no budget. */
export function spendingOf(
  task: Task,
  records: readonly NodeRecord[],
  granted: number = task.status?.budget?.granted ?? 0,
): Pick<TaskStatus, 'budget'> {
  if (budgetOf(task) === undefined) return {};
  return { budget: { ...spentBy(records), ...(granted === 0 ? {} : { granted }) } };
}

/** Down to a millionth: no price is finer, and sums of binary fractions end in noise. */
export const toMicroDollars = (amount: number): number => Math.floor(amount * 1e6 + 1e-6) / 1e6;
