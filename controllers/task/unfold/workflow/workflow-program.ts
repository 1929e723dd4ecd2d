import type { SandboxAction } from '#api/types/generated/sandbox';
import type { Workflow } from '#workflows/workflow';
import type { Program } from '../program.ts';

/** A graph that grows by a workflow. */
export interface WorkflowProgram extends Program {
  kind: 'workflow';
  /** Where the steps come from. */
  mode: 'hybrid' | 'planned' | 'script';
  /** The given one; without steps where the leader writes them all. */
  workflow: Workflow;
  actions?: StepActions;
  /** Who writes what is to be written. */
  planner?: Planner;
}

/** Actions as Sandboxes have them, by the names of their steps; placeholders are not replaced yet. */
export type StepActions = Readonly<Record<string, SandboxAction>>;

export interface Planner {
  /** The leader, by its name in the members of the revision. */
  leader: string;
  /** Those who may work, with what is known of them. */
  members: readonly { name: string; description: string }[];
  /** Fixed actions that it may use. */
  actions: readonly 'script'[];
  maxSteps: number;
}

export function isWorkflow(program: Program): program is WorkflowProgram {
  return program.kind === 'workflow';
}
