import type { TeamMember } from '#api/types/generated/team';
import { leaderOf, memberName } from '#api/types/team-members';
import { chain } from './chain.ts';
import type { Link } from './chain.ts';
import type { CollaborationModel, DraftedPlan, ModelSources } from './drafted-plan.ts';
import type { GraphNode, MemberNode } from './graph.ts';
import { withQuality } from './quality-layer.ts';
import { collaborate, coordinate, route } from './team-programs.ts';
import { workflow } from './workflow-model.ts';

/** By the word in spec.collaborationModel. */
export type CollaborationModels = Readonly<Record<string, CollaborationModel>>;

/** Those that Tasks are carried out with. */
export const COLLABORATION_MODELS: CollaborationModels = {
  collaborate: withQuality(collaborate),
  coordinate: withQuality(coordinate),
  pipeline: withQuality(pipeline),
  route: withQuality(route),
  solo: withQuality(solo),
  // The leader of any Team may plan (executionMode of the Task).
  workflow: withQuality(workflow),
};

/** The leader alone; without one, the first member. */
export function solo({ team }: ModelSources): DraftedPlan {
  const leader = leaderOf(team) ?? team.members[0];
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
