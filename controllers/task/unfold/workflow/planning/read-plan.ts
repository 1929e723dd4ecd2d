import type { SandboxAction } from '#api/types/generated/sandbox';
import { compileWorkflow } from '#workflows/compile-workflow';
import { problemText } from '#workflows/problem';
import type { Step, Workflow } from '#workflows/workflow';
import { answerSchema } from '../../team/answer-schema.ts';
import type { Planner, StepActions } from '../workflow-program.ts';
import type { OutputType, WrittenStep } from './plan-schema.ts';

/** A plan that can be carried out, or a sentence that says what is wrong with it. */
export type ReadPlan = { workflow: Workflow; actions: StepActions } | { problem: string };

export interface PlanFrame {
  planner: Planner;
  /** The given workflow, with places to fill; without steps where the leader writes them all. */
  given: Workflow;
}

const plans = new WeakMap<object, ReadPlan>();

/**
 * Reads what the leader has answered. Whatever held it to the schema, nothing of it is taken for granted. Read once for as
 * long as caches hand out the same output.
 */
export function readPlan(output: unknown, frame: PlanFrame): ReadPlan {
  if (typeof output !== 'object' || output === null) return { problem: 'It is no JSON object.' };
  const known = plans.get(output);
  if (known !== undefined) return known;
  const read = readOutput(output, frame);
  plans.set(output, read);
  return read;
}

function readOutput(output: { steps?: unknown }, { planner, given }: PlanFrame): ReadPlan {
  const { steps: list } = output;
  if (!Array.isArray(list) || list.length === 0) return { problem: 'It has no steps.' };
  if (list.length > planner.maxSteps)
    return { problem: `It has ${list.length} steps; ${planner.maxSteps} are the most.` };
  const steps: PlacedPart[] = [];
  for (const [index, written] of (list as unknown[]).entries()) {
    const read = readStep(written, planner);
    if (typeof read === 'string') return { problem: `steps[${index}]: ${read}` };
    steps.push(read);
  }
  const whole = filled(given, steps);
  if ('problem' in whole) return whole;
  const { problems } = compileWorkflow(whole, '');
  if (problems.length > 0) return { problem: `${problemText(problems)}.` };
  const actions = steps.flatMap(({ step, action }) =>
    action === undefined ? [] : [[step.name, action] as const],
  );
  return { workflow: whole, actions: Object.fromEntries(actions) };
}

interface PlacedPart {
  step: Step;
  place: string | undefined;
  action?: SandboxAction;
}

const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;
const DEPENDENCY = /^[A-Za-z][A-Za-z0-9_-]{0,62}([.](success|failure|always))?$/;

function readStep(given: unknown, { members, actions }: Planner): PlacedPart | string {
  if (!isWritten(given)) return 'it does not have the form of a step';
  const { name, participant, prompt, dependsOn, run = '' } = given;
  if (!NAME.test(name)) return `"${name}" cannot be the name of a step`;
  const wrong = dependsOn.find((one) => !DEPENDENCY.test(one));
  if (wrong !== undefined) return `dependsOn: "${wrong}" is no step`;
  const common = {
    name,
    ...(dependsOn.length === 0 ? {} : { dependsOn }),
    ...flowOf(given),
    ...outputsOf(given.outputs),
  };
  if (run !== '') {
    if (!actions.includes('script')) return 'run: the Team does not allow scripts';
    const action = { script: { run } };
    return { step: { ...common, action }, action, place: given.place };
  }
  if (!members.some((member) => member.name === participant))
    return `no member of the Team is "${participant}"`;
  const words = prompt.trim() === '' ? {} : { prompt };
  return { step: { ...common, participants: [participant], ...words }, place: given.place };
}

function isWritten(value: unknown): value is WrittenStep {
  if (typeof value !== 'object' || value === null) return false;
  const given = value as Partial<Record<keyof WrittenStep, unknown>>;
  const { place = '', run = '', name, participant, prompt, when, forEach, repeatUntil } = given;
  const texts = [place, run, name, participant, prompt, when, forEach, repeatUntil];
  const { dependsOn, outputs, maxIterations } = given;
  return (
    texts.every((text) => typeof text === 'string') &&
    Array.isArray(dependsOn) &&
    dependsOn.every((one) => typeof one === 'string') &&
    Array.isArray(outputs) &&
    outputs.every(isOutput) &&
    Number.isInteger(maxIterations)
  );
}

function isOutput(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { name, type } = value as { name?: unknown; type?: unknown };
  return typeof name === 'string' && name !== '' && typeof type === 'string' && Object.hasOwn(TYPES, type);
}

/** The loops of a plan have bounds, whatever it says. */
const MOST_ITERATIONS = 20;

function flowOf({ when, forEach, repeatUntil, maxIterations, onFailure }: WrittenStep): Partial<Step> {
  const iterations = Math.min(Math.max(1, maxIterations), MOST_ITERATIONS);
  return {
    ...(when === '' ? {} : { when }),
    ...(forEach === '' ? {} : { forEach: { items: forEach } }),
    ...(repeatUntil === '' ? {} : { repeat: { until: repeatUntil, maxIterations: iterations } }),
    ...(onFailure === 'Continue' ? { onFailure } : {}),
  };
}

const TYPES: Readonly<Record<OutputType, Record<string, unknown>>> = {
  text: { type: 'string' },
  number: { type: 'number' },
  boolean: { type: 'boolean' },
  list: { type: 'array', items: { type: 'string' } },
};

function outputsOf(outputs: WrittenStep['outputs']): Partial<Step> {
  if (outputs.length === 0) return {};
  const properties = Object.fromEntries(outputs.map(({ name, type }) => [name, TYPES[type]]));
  return { outputSchema: answerSchema(properties) };
}

/** The whole workflow: the written steps, or the given ones with the written in their places. */
function filled(given: Workflow, parts: readonly PlacedPart[]): Workflow | { problem: string } {
  if (given.steps.length === 0) return { ...given, steps: parts.map(({ step }) => step) };
  const steps: Step[] = [];
  for (const step of given.steps) {
    if (step.fill === undefined) {
      steps.push(step);
      continue;
    }
    const inside = parts.filter(({ place }) => place === step.name).map((part) => part.step);
    if (inside.length === 0) return { problem: `no step fills the place "${step.name}".` };
    const { fill: _, ...rest } = step;
    steps.push({ ...rest, steps: inside });
  }
  return { ...given, steps };
}
