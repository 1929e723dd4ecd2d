import type { CollaborationStepWait } from '#api/types/generated/collaboration';
import type { SandboxAction } from '#api/types/generated/sandbox';
import { nodeId } from '#workflows/node-id';
import type { NodePath } from '#workflows/node-id';
import type { Step } from '#workflows/workflow';
import type {
  ActionNode,
  GraphNode,
  NodeInputs,
  PlannedNode,
  RunNode,
  Wait,
  WaitNode,
} from '../../graph/graph.ts';
import type { RevisionMember } from '../../revision/revision.ts';
import { renderedAction } from './rendered-action.ts';
import { rendered, valuesIn } from './scope.ts';
import type { Scope } from './scope.ts';

/** A step, and where it stands. */
export interface PlacedStep {
  step: Step;
  scope: Scope;
  path: NodePath;
}

/** Who does a step. */
interface Worker {
  /** The name that the steps have for the member. */
  name: string;
  member: RevisionMember;
  title: string;
  /** Results that it is told where the step has no words of its own. */
  results: NodeInputs['results'];
}

/** The run of an agent. */
export function runNode(placed: PlacedStep, { name, member, title, results }: Worker): RunNode {
  const { step, scope } = placed;
  const { usesWorkspace: uses, ...parts } = member;
  const session = step.sessionFrom?.map((name) => scope.runs.get(name)).find((run) => run !== undefined);
  const from = filesOf(placed);
  const base = baseNode(placed, title, [session, from]);
  return {
    ...base,
    ...parts,
    member: name,
    ...(step.outputSchema === undefined ? {} : { outputSchema: step.outputSchema }),
    inputs: inputsOf(placed, results),
    workspace: { uses, ...(from === undefined ? {} : { from }), ...ownBranch(uses, scope) },
    ...(session === undefined ? {} : { session: { from: session } }),
  };
}

/** The Task's prompt and the answers of the steps before, unless the step has words of its own. */
function inputsOf({ step, scope }: PlacedStep, results: NodeInputs['results']): NodeInputs {
  if (step.prompt === undefined) return { taskPrompt: true, results };
  return { taskPrompt: false, text: rendered(step.prompt, valuesIn(scope)), results: [] };
}

/** A fixed action. A script works with the files of the Task, a call does not. */
export function actionNode(placed: PlacedStep, action: SandboxAction, title: string): ActionNode {
  const { step, scope } = placed;
  const from = filesOf(placed);
  const uses = action.script !== undefined;
  return {
    ...baseNode(placed, title, [from]),
    kind: 'action',
    action: renderedAction(action, valuesIn(scope)),
    ...(step.outputSchema === undefined ? {} : { outputSchema: step.outputSchema }),
    workspace: { uses, ...(from === undefined ? {} : { from }), ...ownBranch(uses, scope) },
  };
}

const filesOf = ({ step: { filesFrom }, scope }: PlacedStep): string | undefined =>
  filesFrom === undefined ? scope.files : (scope.runs.get(filesFrom) ?? scope.files);

/** Beside others that work in files, which may only come up later. */
const ownBranch = (uses: boolean, { isSideBySide }: Scope): { ownBranch?: true } =>
  uses && isSideBySide ? { ownBranch: true } : {};

export function waitOf(wait: CollaborationStepWait, scope: Scope): Wait {
  const { seconds, until, event, webhook, approval } = wait;
  if (seconds !== undefined) return { for: 'time', seconds };
  if (until !== undefined) return { for: 'time', until: rendered(until, valuesIn(scope)).trim() };
  if (event !== undefined) {
    const { name, timeoutSeconds } = event;
    return { for: 'event', event: name, ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }) };
  }
  if (approval !== undefined) {
    const { message, ...settings } = approval;
    return { for: 'approval', message: rendered(message, valuesIn(scope)), settings };
  }
  return { for: 'webhook', ...webhook };
}

export function waitNode(placed: PlacedStep, wait: WaitNode['wait'], title: string): WaitNode {
  return { ...baseNode(placed, title, []), kind: 'wait', wait, workspace: { uses: false } };
}

/** A step that does not run, so that people see why. */
export function skippedNode(placed: PlacedStep, why: string): PlannedNode {
  return { ...waitNode(placed, { for: 'time', seconds: 1 }, placed.step.name), skip: why };
}

/** All that it needs has ended, and how is the workflow's concern. */
function baseNode(
  { step, scope, path }: PlacedStep,
  name: string,
  sources: readonly (string | undefined)[],
): Omit<GraphNode, 'workspace'> {
  const needs = [...new Set([...scope.needs, ...sources.filter((id) => id !== undefined)])];
  return {
    id: nodeId(step.name, path),
    name: `${name}${scope.suffix}`,
    needs,
    on: Object.fromEntries(needs.map((id) => [id, 'always'] as const)),
    inputs: { taskPrompt: false, results: [] },
    // The workflow decides what follows from a failure.
    policy: {
      ...{ requireConfirmation: false, onFailure: 'Continue' },
      ...(step.timeoutSeconds === undefined ? {} : { timeoutSeconds: step.timeoutSeconds }),
    },
  };
}
