import { isJsonObject } from '#api/machinery/json/json';
import { answerSchema } from '../team/answer-schema.ts';

/** A piece of work for one member, as the leader gives it. */
export interface Order {
  member: string;
  task: string;
  /** Id of an earlier assignment that it goes on from. */
  continues?: string;
}

export type Decision = { answer: string } | { orders: readonly Order[] } | { problem: string };

/** The range of a decision. */
export interface DecisionRange {
  members: readonly string[];
  /** How many assignments it may give; with 0 it has to answer. */
  most: number;
  /** Ids of the assignments that others can go on from. */
  done: readonly string[];
}

const ANSWER = {
  type: 'string',
  description: 'The whole answer to the request, once no further work is needed; empty before.',
};

export function decisionSchema(range: DecisionRange): Record<string, unknown> {
  if (range.most === 0) return answerSchema({ answer: { type: 'string', description: 'The whole answer.' } });
  const items = answerSchema({
    member: { type: 'string', enum: range.members },
    task: { type: 'string', description: 'All that the member needs to know.' },
    ...(range.done.length === 0 ? {} : { continues: continuesSchema(range.done) }),
  });
  return answerSchema({ assignments: { type: 'array', maxItems: range.most, items }, answer: ANSWER });
}

function continuesSchema(done: readonly string[]): Record<string, unknown> {
  return {
    type: 'string',
    enum: ['', ...done],
    description:
      'The finished assignment whose files, and whose conversation with the same member, it goes on with.',
  };
}

/** Reads what the leader's run has answered; assignments come before an answer. */
export function readDecision(output: unknown, range: DecisionRange): Decision {
  if (!isJsonObject(output)) return { problem: 'It is no JSON object.' };
  const { assignments, answer } = output;
  if (range.most > 0 && Array.isArray(assignments) && assignments.length > 0) {
    return readOrders(assignments, range);
  }
  if (typeof answer === 'string' && answer.trim() !== '') return { answer };
  return { problem: range.most > 0 ? 'It has neither assignments nor an answer.' : 'It has no answer.' };
}

function readOrders(assignments: readonly unknown[], range: DecisionRange): Decision {
  if (assignments.length > range.most) {
    return { problem: `It has ${assignments.length} assignments; ${range.most} are the most.` };
  }
  const orders: Order[] = [];
  for (const [index, given] of assignments.entries()) {
    const order = readOrder(given, range);
    if (typeof order === 'string') return { problem: `assignments[${index}]: ${order}` };
    orders.push(order);
  }
  return { orders };
}

function readOrder(given: unknown, { members, done }: DecisionRange): Order | string {
  if (!isJsonObject(given)) return 'It is no JSON object.';
  const { member, task, continues } = given;
  if (typeof member !== 'string' || !members.includes(member)) return 'There is no such member.';
  if (typeof task !== 'string' || task.trim() === '') return 'It has no task.';
  if (typeof continues !== 'string' || continues === '') return { member, task: task.trim() };
  return done.includes(continues)
    ? { member, task: task.trim(), continues }
    : 'It continues what is no finished assignment.';
}
