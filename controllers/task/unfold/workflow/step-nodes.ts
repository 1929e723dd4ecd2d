import { replacePlaceholders } from '#workflows/placeholders';
import { nodeId } from '#workflows/node-id';
import type { NodePath } from '#workflows/node-id';
import type { Step } from '#workflows/workflow';
import type { GraphNode, NodeInputs, PlannedNode, RunNode, WaitNode } from '../../graph/graph.ts';
import type { RevisionMember } from '../../revision/revision.ts';
import { valueAt, valuesIn } from './scope.ts';
import type { Scope } from './scope.ts';

/** A step, and where it stands. */
export interface PlacedStep {
  step: Step;
  scope: Scope;
  path: NodePath;
}

/** Who does a step. */
interface Worker {
  member: RevisionMember;
  title: string;
  /** What it is told where the step has no words of its own. */
  results: NodeInputs['results'];
}

/** The run of an agent. */
export function runNode(placed: PlacedStep, { member, title, results }: Worker): RunNode {
  const { step, scope } = placed;
  const { usesWorkspace: uses, ...parts } = member;
  const session = step.sessionFrom?.map((name) => scope.runs.get(name)).find((run) => run !== undefined);
  const from = step.filesFrom === undefined ? scope.files : (scope.runs.get(step.filesFrom) ?? scope.files);
  const base = baseNode(placed, title, [session, from]);
  return {
    ...base,
    ...parts,
    ...(step.outputSchema === undefined ? {} : { outputSchema: step.outputSchema }),
    inputs: inputsOf(placed, results),
    workspace: { uses, ...(from === undefined ? {} : { from }) },
    ...(session === undefined ? {} : { session: { from: session } }),
  };
}

/** The Task's prompt and the answers of the steps before, unless the step has words of its own. */
function inputsOf({ step, scope }: PlacedStep, results: NodeInputs['results']): NodeInputs {
  if (step.prompt === undefined) return { taskPrompt: true, results };
  return { taskPrompt: false, text: rendered(step.prompt, scope), results: [] };
}

export function rendered(text: string, scope: Scope): string {
  const values = valuesIn(scope);
  return replacePlaceholders(text, (path) => valueAt(values, path));
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
    policy: { requireConfirmation: false, onFailure: 'Continue' },
  };
}
