import type { NodeRecord } from '../../../node-record.ts';
import type { RunNode } from '../../../graph/graph.ts';
import type { RevisionMember } from '../../../revision/revision.ts';
import type { Planner, WorkflowProgram } from '../workflow-program.ts';
import { planSchema } from './plan-schema.ts';
import { readPlan } from './read-plan.ts';
import type { ReadPlan } from './read-plan.ts';

/** Ids that no step has: those of steps end with a number. */
const FIRST = 'plan';
const SECOND = 'plan-again';

export interface Planning {
  /** The runs in which the leader writes the workflow. */
  nodes: readonly RunNode[];
  /** Their result, once it is known. */
  plan?: ReadPlan;
}

/**
 * The leader writes a workflow, which is checked before anything of it runs. One that cannot be carried out goes back to the
 * leader once, with all that is wrong with it. The plan itself is the output of the node, and so it is kept as any result is.
 */
export function planning(
  program: WorkflowProgram & { planner: Planner },
  leader: RevisionMember,
  ended: (node: string) => NodeRecord | undefined,
): Planning {
  const frame = { planner: program.planner, given: program.workflow };
  const places = program.workflow.steps.filter(({ fill }) => fill !== undefined).map(({ name }) => name);
  const schema = planSchema(program.planner, places);
  const task = words(program.planner, places);
  const name = program.planner.leader;
  const first = planNode(FIRST, leader, { name, schema, text: task });
  const record = ended(FIRST);
  if (record?.status !== 'COMPLETED') return { nodes: [first] };
  const plan = readPlan(record.result?.['output'], frame);
  if (!('problem' in plan)) return { nodes: [first], plan };
  const text = `${task}\n\nYour last workflow cannot be carried out: ${plan.problem} Write it again, as a whole.`;
  const { inputs, workspace, ...rest } = planNode(SECOND, leader, { name, schema, text });
  const again: RunNode = {
    ...rest,
    ...{ needs: [FIRST], session: { from: FIRST } },
    inputs: { ...inputs, results: [{ from: FIRST, label: 'The workflow that cannot be carried out' }] },
    workspace: { ...workspace, from: FIRST },
  };
  const second = ended(SECOND);
  if (second?.status !== 'COMPLETED') return { nodes: [first, again] };
  return { nodes: [first, again], plan: readPlan(second.result?.['output'], frame) };
}

interface Asking {
  /** Of the leader. */
  name: string;
  schema: Record<string, unknown>;
  text: string;
}

function planNode(
  id: string,
  { usesWorkspace: uses, ...parts }: RevisionMember,
  { name: member, schema, text }: Asking,
): RunNode {
  return {
    ...{ id, name: 'plan', needs: [] },
    ...parts,
    member,
    outputSchema: schema,
    inputs: { taskPrompt: true, text, results: [] },
    policy: { requireConfirmation: false, onFailure: 'FailTask' },
    workspace: { uses },
  };
}

function words({ members, maxSteps }: Planner, places: readonly string[]): string {
  const who = members.map(
    ({ name, description }) => `- ${name}${description === '' ? '' : `: ${description}`}`,
  );
  const where =
    places.length === 0
      ? 'Write a workflow that does what is asked for.'
      : `Write the steps of these places of a given workflow: ${places.join(', ')}.`;
  return [
    'You plan the work and do none of it yourself.',
    `${where} It has at most ${maxSteps} steps; give each to the member who is best at it.`,
    'Members:',
    ...who,
  ].join('\n');
}
