import type { Task, TaskStatus } from '#api/types/generated/task';
import { isEnded } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import { addUse, useOf } from './use.ts';
import type { Amount, Use } from './use.ts';

/**
 * The tokens and the money that runs which have ended have used up, whatever their end; those that still run aside, and those
 * of another Task.
 */
export function spentBy(records: readonly NodeRecord[]): Required<Amount> {
  const uses = records
    .filter(({ forkedFrom }) => forkedFrom === undefined)
    .map((record) => (isEnded(record) ? useOf(record.result) : record.earlierUse));
  const { usage = {}, costUSD = 0 }: Use = uses.reduce(addUse, undefined) ?? {};
  return { tokens: Object.values(usage).reduce((sum, count) => sum + count, 0), costUSD };
}

/**
 * How often people have given the budget once more, from where it counts since, and how many of their refusals are past:
 * absent as long as there are none of them.
 */
export type Grants = Pick<NonNullable<TaskStatus['budget']>, 'granted' | 'grantedFrom' | 'rejected'>;

export const grantsNoted = ({ status }: Task): Grants => {
  const { granted, grantedFrom, rejected } = status?.budget ?? {};
  return { ...(granted && { granted }), ...(grantedFrom && { grantedFrom }), ...(rejected && { rejected }) };
};

/** With one grant more. Use beyond the limit takes nothing away from it. */
export function grantMore(task: Task, grants: Grants, spent: Required<Amount>): Grants {
  const { tokens, costUSD } = budgetOf(task, grants) ?? {};
  return {
    ...grants,
    granted: (grants.granted ?? 0) + 1,
    grantedFrom: {
      ...(tokens === undefined ? {} : { tokens: Math.max(tokens, spent.tokens) }),
      ...(costUSD === undefined ? {} : { costUSD: Math.max(costUSD, spent.costUSD) }),
    },
  };
}

/** All that the Task may spend with what people have given it; undefined where it has no budget. */
export function budgetOf(
  { spec }: Task,
  { granted = 0, grantedFrom: from }: Grants = {},
): Amount | undefined {
  const { tokenBudget, costBudget } = spec;
  if (tokenBudget === undefined && costBudget === undefined) return undefined;
  return {
    ...(tokenBudget === undefined ? {} : { tokens: tokenBudget + (from?.tokens ?? tokenBudget * granted) }),
    ...(costBudget === undefined
      ? {}
      : { costUSD: toMicroDollars(costBudget + (from?.costUSD ?? costBudget * granted)) }),
  };
}

/** The field of the status; absent where the Task has no budget. */
export function spendingOf(
  task: Task,
  records: readonly NodeRecord[],
  grants: Grants = grantsNoted(task),
): Pick<TaskStatus, 'budget'> {
  if (budgetOf(task) === undefined) return {};
  return { budget: { ...spentBy(records), ...grants } };
}

/** Down to a millionth: no price is finer, and sums of binary fractions end in noise. */
export const toMicroDollars = (amount: number): number => Math.floor(amount * 1e6 + 1e-6) / 1e6;
