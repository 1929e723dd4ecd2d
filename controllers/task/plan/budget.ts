import type { Task } from '#api/types/generated/task';
import { isFinalTaskStatus } from '#api/types/tasks/task';
import { isRunNode } from '../graph/graph.ts';
import type { NodeRecord } from '../node-record.ts';
import { budgetOf, grantMore, grantsNoted, spentBy, toMicroDollars } from '../status/spending.ts';
import type { Grants } from '../status/spending.ts';
import type { Amount } from '../status/use.ts';
import { budgetKey } from '../approvals/ask.ts';
import type { Ask } from '../approvals/ask.ts';
import { settingsOf } from '../approvals/settings.ts';
import { rejectionOf } from '../approvals/stages.ts';
import type { Move } from './move.ts';
import type { SettledNode, Surroundings, WaitingState } from './settle.ts';

/** The moves with the shares of the budget that runs start with. */
export interface GivenOut {
  moves: readonly Move[];
  /** Nothing is left, and nothing runs by which the Task could come to its end: `Reason: message`. */
  exceeded?: string;
  /** The grants of it that people have given. */
  grants: Grants;
}

/**
 * Divides what is left of the budget among the runs that start. Each is held to its share by the runner, so that all runs
 * together spend at most one call each beyond the budget. One that starts while others have all of it waits for their ends:
 * what they leave is given out again. The move at an index is that of the settled node there.
 */
export function giveOut(
  settled: readonly SettledNode[],
  moves: readonly Move[],
  around: Surroundings & { unknown: readonly NodeRecord[] },
): GivenOut {
  const { task, unknown } = around;
  const spent = spentBy([...moves.map(({ record }) => record), ...unknown]);
  const grants = grantsOf(around, spent);
  const budget = budgetOf(task, grants);
  const starts = settled.map((one, index) => isStart(one, moves[index]));
  const count = starts.filter(Boolean).length;
  if (budget === undefined || count === 0) return { moves, grants };
  const underWay = moves.filter(({ run }, index) => run !== undefined && starts[index] === false);
  const left = minus(budget, [spent, ...underWay.map(({ record }) => record.share ?? {})]);
  const most = left.tokens === undefined ? count : Math.min(count, left.tokens);
  const isLeft = most >= 1 && (left.costUSD ?? 1) > 0;
  const isUsedUp = !isLeft && underWay.length === 0;
  const refused = isUsedUp ? refusalOf(around, { spent, grants }) : undefined;
  if (refused !== undefined) return { moves, exceeded: refused, grants };
  const share = shareOf(left, most);
  let given = 0;
  return {
    grants,
    moves: moves.map((move, index) => {
      const one = settled[index];
      if (starts[index] !== true || one === undefined) return move;
      given += 1;
      if (isLeft && given <= most) return { ...move, record: { ...move.record, share } };
      const ask = isUsedUp && given === 1 ? budgetAsk(one, around, { spent, grants }) : undefined;
      return { record: one.record, over: one.over, wait: ask === undefined ? NO_SHARE : waitFor(ask) };
    }),
  };
}

/** A new attempt of an agent; actions use up nothing. */
const isStart = ({ node, state }: SettledNode, move: Move | undefined): boolean =>
  move?.create === true && state.state !== 'to-create' && isRunNode(node);

const NO_SHARE = {
  state: 'waiting' as const,
  message: 'Waits for what the runs beside it leave of the budget.',
};

const waitFor = (ask: Ask): WaitingState => ({ state: 'waiting', message: ask.message, ask });

/** Of the Approval for the next grant. */
const nextKey = ({ granted = 0, rejected = 0 }: Grants): string => budgetKey(granted + rejected + 1);

/** Those that are noted, and the ones that people have given since. Who takes a Task up again has people asked again. */
function grantsOf({ task, decisions }: Surroundings, spent: Required<Amount>): Grants {
  const isTakenUp = isFinalTaskStatus(task.status?.status);
  for (let grants = grantsNoted(task); ;) {
    const outcome = decisions.outcomeOf(nextKey(grants));
    if (outcome?.result === 'approved') grants = grantMore(task, grants, spent);
    else if (outcome !== undefined && isTakenUp) grants = { ...grants, rejected: (grants.rejected ?? 0) + 1 };
    else return grants;
  }
}

interface Spending {
  spent: Required<Amount>;
  grants: Grants;
}

/** Why the Task ends by it; undefined while people are asked. */
function refusalOf({ task, decisions }: Surroundings, spending: Spending): string | undefined {
  const why = exceeded(task, spending);
  if (task.spec.onBudgetExceeded !== 'Ask') return why;
  const outcome = decisions.outcomeOf(nextKey(spending.grants));
  return outcome === undefined || outcome.result === 'approved'
    ? undefined
    : `${why} ${rejectionOf(outcome)}`;
}

function budgetAsk({ node }: SettledNode, { task, askedBy }: Surroundings, spending: Spending): Ask {
  const { tokenBudget, costBudget } = task.spec;
  const more = [
    ...(tokenBudget === undefined ? [] : [`${tokenBudget} tokens`]),
    ...(costBudget === undefined ? [] : [`$${costBudget}`]),
  ].join(' and ');
  const fields = [
    ...(tokenBudget === undefined ? [] : ['spec.tokenBudget']),
    ...(costBudget === undefined ? [] : ['spec.costBudget']),
  ].join(' and ');
  const message = `${exceeded(task, spending).replace(/^BudgetExceeded: t/, 'T')} May it have ${more} on top of that? It also goes on with a higher ${fields}.`;
  const settings = settingsOf({ ...askedBy(node), own: undefined });
  return { key: nextKey(spending.grants), purpose: 'Budget', message, settings };
}

function minus({ tokens, costUSD }: Amount, taken: readonly Amount[]): Amount {
  const sum = (of: keyof Amount): number => taken.reduce((all, one) => all + (one[of] ?? 0), 0);
  return {
    ...(tokens === undefined ? {} : { tokens: tokens - sum('tokens') }),
    ...(costUSD === undefined ? {} : { costUSD: toMicroDollars(costUSD - sum('costUSD')) }),
  };
}

function shareOf({ tokens, costUSD }: Amount, count: number): Amount {
  return {
    ...(tokens === undefined ? {} : { tokens: Math.floor(tokens / count) }),
    ...(costUSD === undefined ? {} : { costUSD: toMicroDollars(costUSD / count) }),
  };
}

function exceeded(task: Task, { spent, grants }: Spending): string {
  const { tokens, costUSD } = budgetOf(task, grants) ?? {};
  const parts = [
    ...(tokens === undefined ? [] : [`${spent.tokens} tokens of ${tokens}`]),
    ...(costUSD === undefined ? [] : [`$${spent.costUSD} of $${costUSD}`]),
  ];
  return `BudgetExceeded: the Task has used up ${parts.join(' and ')}, and is not done.`;
}
