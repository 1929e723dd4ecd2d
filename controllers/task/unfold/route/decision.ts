import { fieldsOf } from '#api/machinery/json/json';
import { NOBODY } from '#api/types/teams/team-members';
import { answerSchema } from '../team/answer-schema.ts';

/** The leader's choice of the member that does the work. */
export interface RouteDecision {
  /** Undefined when it names nobody. */
  member: string | undefined;
  reason: string;
  /** Further words for the member; may be empty. */
  instructions: string;
}

export function decisionSchema(members: readonly string[]): Record<string, unknown> {
  return answerSchema({
    member: { type: 'string', enum: [...members, NOBODY] },
    reason: { type: 'string', description: 'One sentence: why this member.' },
    instructions: { type: 'string', description: 'Words for the member beside the request; may be empty.' },
  });
}

/** Reads what the leader's run has answered. Undefined for what is no decision. */
export function readDecision(output: unknown, members: readonly string[]): RouteDecision | undefined {
  const { member, reason, instructions } = fieldsOf(output);
  if (typeof member !== 'string') return undefined;
  const words = { reason: textOf(reason), instructions: textOf(instructions) };
  if (member === NOBODY) return { member: undefined, ...words };
  return members.includes(member) ? { member, ...words } : undefined;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value.trim() : '');
