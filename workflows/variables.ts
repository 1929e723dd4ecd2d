import type { ValueType } from '#api/schema/expressions';
import { valueTypeOf } from '#api/schema/expressions';
import { stepKey } from './workflow.ts';
import type { Step, Workflow } from './workflow.ts';

/** The types of what expressions and placeholders of a step can see, by name. */
export type Variables = Readonly<Record<string, ValueType>>;

/** How a step has ended, in the words of Argo Workflows: Skipped by its `when`, Omitted since its edges do not hold. */
export type StepStatus = 'Failed' | 'Omitted' | 'Skipped' | 'Succeeded';

/** The result of a step, as expressions know it. */
export interface StepResult {
  status: StepStatus;
  /** The answer in words; may be empty. */
  value: string;
  /** The answer as JSON, where the step has a schema. */
  output?: unknown;
  /** Why it failed, in one word; empty where it did not. */
  reason: string;
  /** Why it failed, or did not run, as a sentence. */
  message: string;
  /** Of a group: those of its steps, by their keys. */
  steps?: Readonly<Record<string, StepResult>>;
  /** Of several participants, or of the items of a list. */
  items?: readonly StepResult[];
  /** How often a loop was gone through. */
  iterations?: number;
  /** The judgement of the answer, where somebody judges it. */
  quality?: StepQuality;
}

/** The judgements on the answer of a step. */
export interface StepQuality {
  /** Whether its last version was accepted by all. */
  accepted: boolean;
  /** How many versions there were. */
  rounds: number;
  /** Of the last version, from 0 to 1, where it was evaluated. */
  score?: number;
  /** The number of the candidate that was chosen, where there were several. */
  choice?: number;
  /** Each judgement, as the result of a Task lists them. */
  judgements: readonly object[];
}

const BASE = { status: 'string', value: 'string', reason: 'string', message: 'string' } as const;

/** The variables of a whole workflow. */
export function workflowVariables({ parameters }: Workflow): Variables {
  return {
    parameters: parameters === undefined ? { mapOf: 'any' } : valueTypeOf(parameters),
    task: { fields: { name: 'string', title: 'string', prompt: 'string' } },
    steps: { fields: {} },
  };
}

export function withSteps(variables: Variables, results: Iterable<readonly [string, ValueType]>): Variables {
  const found = [...results].map(([name, type]) => [stepKey(name), type] as const);
  return {
    ...variables,
    steps: { fields: { ...fieldsIn(variables['steps']), ...Object.fromEntries(found) } },
  };
}

export function fieldsIn(type: ValueType | undefined): Readonly<Record<string, ValueType>> {
  return typeof type === 'object' && 'fields' in type ? type.fields : {};
}

/** One run through a step: the result of its participant or action, or of its own steps. */
export function passType(step: Step, inner: ReadonlyMap<string, ValueType>): ValueType {
  if (step.steps !== undefined) return { fields: { ...BASE, steps: { fields: Object.fromEntries(inner) } } };
  if (step.fill !== undefined) return { fields: { ...BASE, steps: { mapOf: 'any' } } };
  const run: ValueType = {
    fields: { ...BASE, output: step.outputSchema === undefined ? 'any' : valueTypeOf(step.outputSchema) },
  };
  if (step.quality !== undefined) return { fields: { ...fieldsIn(run), quality: qualityType(step.quality) } };
  const several = (step.participants ?? []).length > 1;
  return several ? { fields: { ...BASE, items: { listOf: run } } } : run;
}

function qualityType({ bestOf, evaluate }: NonNullable<Step['quality']>): ValueType {
  return {
    fields: {
      ...{ accepted: 'bool', rounds: 'int', judgements: { listOf: 'any' } },
      ...(evaluate === undefined ? {} : { score: 'number' }),
      ...(bestOf === undefined ? {} : { choice: 'int' }),
    },
  };
}

/** The result of the whole step, with its loop. */
export function resultType(step: Step, pass: ValueType): ValueType {
  if (step.forEach !== undefined) return { fields: { ...BASE, items: { listOf: pass } } };
  if (step.repeat !== undefined) return { fields: { ...fieldsIn(pass), iterations: 'int' } };
  return pass;
}
