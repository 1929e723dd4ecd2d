import type { TeamMember } from '#api/types/generated/team';
import { TaskReason } from '#api/types/tasks/task';
import { collaborationModelOf } from '#api/types/teams/team';
import { leaderOf, memberName } from '#api/types/teams/team-members';
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
  collaborate: withQuality(withoutWorkflow(collaborate)),
  coordinate: withQuality(withoutWorkflow(coordinate)),
  pipeline: withQuality(withoutWorkflow(pipeline)),
  route: withQuality(withoutWorkflow(route)),
  solo: withQuality(withoutWorkflow(solo)),
  // The leader of any Team may plan (executionMode of the Task).
  workflow: withQuality(workflow),
};

/** For a Team that works in another way than by a workflow: a Task cannot ask for the steps of a Collaboration. */
function withoutWorkflow(model: CollaborationModel): CollaborationModel {
  return (sources) => {
    const { executionMode = 'auto', team } = sources;
    if (executionMode === 'auto') return model(sources);
    return {
      reason: TaskReason.UnsupportedMode,
      problem: `spec.executionMode: "${executionMode}" is for Teams with collaborationModel workflow, and this one has ${collaborationModelOf(team)}; auto and planned are for all Teams.`,
    };
  };
}

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
