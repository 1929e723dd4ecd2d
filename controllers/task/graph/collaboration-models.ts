import type { TeamMember, TeamSpec } from '#api/types/generated/team';
import type { Program } from '../unfold/program.ts';
import { chain } from './chain.ts';
import type { Link } from './chain.ts';
import type { GraphNode, MemberNode } from './graph.ts';

/** How the members of a Team work together: from the Team to the plan of a Task; pure. */
export type CollaborationModel = (sources: ModelSources) => DraftedPlan | { problem: string };

/** The objects that a plan is made from. */
export interface ModelSources {
  team: TeamSpec;
}

/** As a collaboration model makes it: who does the work is named, and not looked up yet. */
export interface DraftedPlan {
  /** The nodes that are known from the start. */
  nodes: readonly MemberNode[];
  /** Those who get nodes of their own later, by the names that the program has for them. */
  members?: Readonly<Record<string, TeamMember>>;
  /** How further nodes come about. */
  program?: Program;
}

/** By the word in spec.collaborationModel. */
export type CollaborationModels = Readonly<Record<string, CollaborationModel>>;

/** Those that Tasks are carried out with. */
export const COLLABORATION_MODELS: CollaborationModels = { pipeline, solo };

/** The leader alone; without one, the first member. */
export function solo({ team: { members } }: ModelSources): DraftedPlan {
  const leader = members.find(({ role }) => role === 'leader') ?? members[0];
  return inTurn(leader === undefined ? [] : [leader]);
}

/** All members, one after the other. */
export function pipeline({ team: { members } }: ModelSources): DraftedPlan {
  return inTurn(members);
}

function inTurn(members: readonly TeamMember[]): DraftedPlan {
  return { nodes: chain(members, linkOf).map(memberNode) };
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
