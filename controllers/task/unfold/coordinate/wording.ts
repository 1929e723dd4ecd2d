import type { NamedResult } from '../../graph/graph.ts';
import type { Assignment, Round } from './assignment.ts';
import type { DecisionRange } from './decision.ts';

/** The words that the leader and the members get. */

export function firstWords(roster: string): string {
  return [
    'You lead a team. Split the work on the request above among its members, or answer the request yourself.',
    `The members:\n${roster}`,
    'A member sees only the task that you write for it. Assignments of one round are done at the same time, each on files of its own; you get all their answers, and can give further ones then.',
  ].join('\n\n');
}

/** The result of a round; the answers themselves are passed on beside it. */
export function roundText({ number, assignments, repeated }: Round): string {
  const lines = [...assignments.map(assignmentLine), ...repeated.map(repeatedLine)];
  return `Round ${number}, your assignments:\n${lines.join('\n')}`;
}

function assignmentLine({ id, order, state }: Assignment): string {
  const ended = state.end === 'failed' ? `\n  It failed: ${state.why}` : '';
  return `- ${id} (${order.member}): ${order.task}${ended}`;
}

function repeatedLine({ id, order }: Assignment): string {
  return `- ${order.member}: this was done before as ${id}, and is not done again.`;
}

/** The answers of a round, for the leader. */
export function roundResults({ assignments }: Round): NamedResult[] {
  return assignments.flatMap(({ id, order, state }) =>
    state.end === 'succeeded' ? [{ from: state.node, label: `Answer of ${id} (${order.member})` }] : [],
  );
}

export function limitText({ most }: DecisionRange, roundsLeft: number): string {
  if (most === 0) return 'You cannot give further assignments. Answer the request now.';
  const rounds =
    roundsLeft === 1 ? 'this is the last round with assignments' : `${roundsLeft} rounds are left`;
  return `You may give up to ${most} assignments; ${rounds}. When no further work is needed, give the answer.`;
}

export function correctionText(problem: string): string {
  return `Your last decision cannot be carried out. ${problem} Decide again.`;
}
