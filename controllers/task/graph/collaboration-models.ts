import type { TeamMember, TeamSpec } from '#api/types/generated/team';
import { chain } from './chain.ts';
import type { Link } from './chain.ts';
import type { GraphNode, MemberNode } from './graph.ts';

/** How the members of a Team work together: from the Team to the nodes of a Task; pure. */
export type CollaborationModel = (team: TeamSpec) => MemberNode[];

/** By the word in spec.collaborationModel. */
export type CollaborationModels = Readonly<Record<string, CollaborationModel>>;

/** Those that Tasks are carried out with. */
export const COLLABORATION_MODELS: CollaborationModels = { pipeline, solo };

/** The leader alone; without one, the first member. */
export function solo({ members }: TeamSpec): MemberNode[] {
  const leader = members.find(({ role }) => role === 'leader') ?? members[0];
  return leader === undefined ? [] : inTurn([leader]);
}

/** All members, one after the other. */
export function pipeline({ members }: TeamSpec): MemberNode[] {
  return inTurn(members);
}

function inTurn(members: readonly TeamMember[]): MemberNode[] {
  return chain(members, linkOf).map(memberNode);
}

function memberNode({ part: member, ...node }: GraphNode & { part: TeamMember }): MemberNode {
  return { ...node, member };
}

function linkOf(member: TeamMember): Link {
  return {
    name: memberName(member),
    contextPassing: member.contextPassing ?? 'none',
    requireConfirmation: member.requireConfirmation ?? false,
  };
}

/** Its name, else its role, else that of its Bot. */
function memberName({ name, role, botRef }: TeamMember): string {
  return name ?? role ?? botRef.name;
}
