import type { JsonObject } from '#api/machinery/json/json';
import type { CollaborationSpec } from '#api/types/generated/collaboration';
import type { TaskSpec } from '#api/types/generated/task';
import type { TeamMember, TeamSpec } from '#api/types/generated/team';
import type { StepActions } from '../unfold/workflow/workflow-program.ts';
import type { Program } from '../unfold/program.ts';
import type { MemberNode } from './graph.ts';

/** How the members of a Team work together: from the Team to the plan of a Task; pure. */
export type CollaborationModel = (sources: ModelSources) => DraftedPlan | PlanProblem;

/** Why there is no plan, as sentences. */
export interface PlanProblem {
  problem: string;
  /** Where it is the Task that asks for something wrong; else the Team cannot be carried out. */
  reason?: 'ParametersInvalid' | 'UnsupportedMode';
}

/** The objects that a plan is made from. */
export interface ModelSources {
  team: TeamSpec;
  /** The Team with those who judge the work, where it asks for quality. The steps of a workflow may name these, too. */
  judged?: TeamSpec;
  /** The one that the Team names. */
  collaboration?: CollaborationSpec;
  /** Its actions, by the names of their steps. */
  actions?: StepActions;
  /** Of the Task. */
  executionMode?: TaskSpec['executionMode'];
  /** Of the Task. */
  parameters?: JsonObject;
}

/** As a collaboration model makes it: who does the work is named, and not looked up yet. */
export interface DraftedPlan {
  /** The nodes that are known from the start. */
  nodes: readonly MemberNode[];
  /** Those who get nodes of their own later, by the names that the program has for them. */
  members?: Readonly<Record<string, TeamMember>>;
  /** Names of the members that the Task can do without while their Bots are not ready. */
  mayBeAbsent?: readonly string[];
  /** How further nodes come about. */
  program?: Program;
}
