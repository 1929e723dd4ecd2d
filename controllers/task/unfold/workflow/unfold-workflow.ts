import { checkParameters } from '#api/schema/parameters';
import type { Task } from '#api/types/generated/task';
import { ExpressionFailure } from '#api/schema/expressions';
import { compileWorkflow } from '#workflows/compile-workflow';
import type { CompiledWorkflow } from '#workflows/compile-workflow';
import { problemText } from '#workflows/problem';
import { outcomeStep } from '#workflows/outcome';
import { NodePath } from '#workflows/node-id';
import { DEFAULT_MAX_NODES } from '#workflows/workflow';
import type { Workflow } from '#workflows/workflow';
import type { PlannedNode } from '../../graph/graph.ts';
import { readRecords } from '../../node-record.ts';
import type { UnfoldInput, Unfolded, WorkflowCourse } from '../unfold.ts';
import { Interpreter } from './interpreter.ts';
import type { Progress } from './progress.ts';
import type { Scope } from './scope.ts';
import { planning } from './planning/planning.ts';
import type { StepActions, WorkflowProgram } from './workflow-program.ts';

/** The graph of a Task that works by a workflow. */
export function unfoldWorkflow(input: UnfoldInput): Unfolded {
  const program = input.revision.program as WorkflowProgram;
  const { workflow, actions = {}, planner } = program;
  if (planner === undefined) return carryOut({ workflow, actions, needs: [], nodes: [] }, input);
  const leader = input.revision.members?.[planner.leader];
  if (leader === undefined)
    return { nodes: [], failure: `InvalidPlan: there is no leader "${planner.leader}".` };
  const { nodes, plan } = planning({ ...program, planner }, leader, input.history.ended);
  if (plan === undefined) return { nodes };
  if ('problem' in plan)
    return {
      nodes,
      failure: `InvalidPlan: The workflow of the leader cannot be carried out: ${plan.problem}`,
    };
  const needs = nodes.slice(-1).map(({ id }) => id);
  return carryOut({ workflow: plan.workflow, actions: { ...actions, ...plan.actions }, needs, nodes }, input);
}

interface Prepared {
  workflow: Workflow;
  actions: StepActions;
  /** The nodes in which it was written, and the last of them. */
  nodes: readonly PlannedNode[];
  needs: readonly string[];
}

function carryOut(
  { workflow, actions, nodes: written, needs }: Prepared,
  { revision, history }: UnfoldInput,
): Unfolded {
  const { expressions, problems } = compiled(workflow);
  if (problems.length > 0) return { nodes: written, failure: `InvalidPlan: ${problemText(problems)}.` };
  const { members = {} } = revision;
  const interpreter = new Interpreter({ expressions, members, actions, ended: history.ended });
  const schema = workflow.parameters ?? revision.parametersSchema;
  const scope = { ...wholeScope(history.task, schema), needs };
  const progress = interpreter.list(workflow.steps, scope);
  const nodes = [...written, ...interpreter.nodes];
  const course = courseOf(workflow, interpreter);
  const { failed } = progress;
  const answer = progress.result?.value ?? progress.answer;
  const said = answer === '' ? {} : { answer };
  if (failed !== undefined) {
    return { nodes, course, ...said, failure: `${failed.reason}: Step "${failed.step}": ${failed.message}` };
  }
  const most = workflow.maxNodes ?? DEFAULT_MAX_NODES;
  if (nodes.length > most) {
    const failure = `TooManySteps: the workflow would have more than ${most} runs and waits.`;
    return { nodes: nodes.slice(0, most), failure };
  }
  const { heeded, judgements } = interpreter;
  return {
    ...{ nodes: underWay(nodes, workflow, history), course },
    ...(heeded.size === 0 ? {} : { heeded }),
    ...(judgements.length === 0 ? {} : { details: { quality: judgements } }),
    ...outcomeOf(workflow, progress),
    ...said,
    ...outputsOf(workflow, expressions, { progress, scope }),
  };
}

function courseOf({ steps }: Workflow, { nodes, results }: Interpreter): WorkflowCourse {
  return { steps, results, nodes: new Set(nodes.map(({ id }) => id)) };
}

/** The Team may have the schema of the parameters as well as the workflow. */
function wholeScope(task: Task, schema: Record<string, unknown> | undefined): Scope {
  const { title, prompt, parameters: given = {} } = task.spec;
  const parameters = schema === undefined ? given : checkParameters(schema, given, '').values;
  return {
    ...{ at: '.steps', path: NodePath.ROOT, suffix: '', needs: [], files: undefined, isSideBySide: false },
    values: { parameters, task: { name: task.metadata.name, title, prompt } },
    ...{ steps: {}, runs: new Map() },
  };
}

const compiledWorkflows = new WeakMap<Workflow, CompiledWorkflow>();

/** Caches hand out the same object for as long as a revision is the same. */
function compiled(workflow: Workflow): CompiledWorkflow {
  const known = compiledWorkflows.get(workflow);
  if (known !== undefined) return known;
  const made = compileWorkflow(workflow, '');
  compiledWorkflows.set(workflow, made);
  return made;
}

/**
 * No more runs than `parallelism` says: those that were there before stay, whatever came up since, and others are held back
 * until there is room. Nothing depends on a node that was held back.
 */
function underWay(
  nodes: readonly PlannedNode[],
  { parallelism }: Workflow,
  { task, ended, isKnown }: UnfoldInput['history'],
): PlannedNode[] {
  if (parallelism === undefined) return [...nodes];
  const records = new Set(readRecords(task.status).map(({ node }) => node));
  const wasThere = isKnown ?? ((node: string) => records.has(node));
  const isOpen = (node: PlannedNode): boolean => node.kind === undefined && ended(node.id) === undefined;
  let room = parallelism - nodes.filter((node) => isOpen(node) && wasThere(node.id)).length;
  return nodes.filter((node) => {
    if (!isOpen(node) || wasThere(node.id)) return true;
    room -= 1;
    return room >= 0;
  });
}

/** The run that gave the answer of the whole, once all is over. */
function outcomeOf(workflow: Workflow, { result, runs }: Progress): Pick<Unfolded, 'outcome'> {
  const step = result === undefined ? undefined : outcomeStep(workflow);
  const node = step === undefined ? undefined : runs.get(step.name);
  return node === undefined ? {} : { outcome: node };
}

/** The outputs of the whole, once all is over. */
function outputsOf(
  { outputs }: Workflow,
  expressions: CompiledWorkflow['expressions'],
  { progress, scope }: { progress: Progress; scope: Scope },
): Pick<Unfolded, 'answer' | 'failure'> {
  if (outputs === undefined || progress.result === undefined) return {};
  const values = { ...scope.values, steps: progress.result.steps };
  try {
    // As written or as stored: maps of JSON have no order.
    const found = Object.keys(outputs)
      .toSorted()
      .map((name) => [name, expressions.get(`.outputs.${name}`)?.evaluate(values)] as const);
    const [only] = found;
    if (found.length === 1 && typeof only?.[1] === 'string') return { answer: only[1] };
    return { answer: JSON.stringify(Object.fromEntries(found)) };
  } catch (error) {
    if (!(error instanceof ExpressionFailure)) throw error;
    return { failure: `ExpressionFailed: outputs: ${error.message}.` };
  }
}
