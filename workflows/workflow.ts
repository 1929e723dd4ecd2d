import type { CollaborationSpec, CollaborationStep } from '#api/types/generated/collaboration';

/** A workflow in one form, whichever form it was written in. It is JSON, and a part of the plan of a Task. */
export interface Workflow {
  /** A structural schema of the object of parameters. */
  parameters?: Record<string, unknown>;
  steps: readonly Step[];
  /** CEL by name. */
  outputs?: Readonly<Record<string, string>>;
  parallelism?: number;
  maxNodes?: number;
}

/** A step; `steps` of its own make it a group. */
export type Step = CollaborationStep;

/** How often an item list or a workflow may branch where its author says nothing. */
export const DEFAULT_MAX_ITEMS = 100;
export const DEFAULT_MAX_NODES = 500;

/** The workflow of a Collaboration; steps of the short form depend on the one before. */
export function workflowOf({ steps, config, ...spec }: CollaborationSpec): Workflow {
  const { parameters, outputs, parallelism, maxNodes } = spec;
  return {
    ...(parameters === undefined ? {} : { parameters }),
    steps: steps ?? inTurn(config?.steps ?? []),
    ...(outputs === undefined ? {} : { outputs }),
    ...(parallelism === undefined ? {} : { parallelism }),
    ...(maxNodes === undefined ? {} : { maxNodes }),
  };
}

function inTurn(steps: readonly Pick<Step, 'name' | 'participants'>[]): Step[] {
  return steps.map((step, index) => {
    const before = steps[index - 1];
    return before === undefined ? step : { ...step, dependsOn: [before.name] };
  });
}

/** The name that expressions and placeholders know a step by. */
export const stepKey = (name: string): string => name.replaceAll('-', '_');

/** Two names with one identity would get nodes that are hard to tell apart. */
export const stepIdentity = (name: string): string => stepKey(name).toLowerCase();

export type Edge = 'success' | 'failure' | 'always';

export interface Dependency {
  step: string;
  edge: Edge;
}

/** `build`, or `build.failure`. */
export function readDependency(text: string): Dependency {
  const [step = '', edge = 'success'] = text.split('.');
  return { step, edge: edge as Edge };
}

export const dependenciesOf = ({ dependsOn = [] }: Step): Dependency[] => dependsOn.map(readDependency);

/** The step that runs when this one fails, if its onFailure names one. */
export function failureStep({ onFailure }: Step): string | undefined {
  return onFailure === undefined || onFailure === 'Fail' || onFailure === 'Continue' ? undefined : onFailure;
}

/** All that has to end before a step: what it depends on, and what it is the failure step of. */
export function predecessorsOf(step: Step, siblings: readonly Step[]): string[] {
  const failing = siblings.filter((other) => failureStep(other) === step.name);
  return [...dependenciesOf(step).map((one) => one.step), ...failing.map(({ name }) => name)];
}

/** The steps and those within them, with the path of the field each stands in. */
export function* allSteps(steps: readonly Step[], at: string): Generator<{ step: Step; at: string }> {
  for (const [index, step] of steps.entries()) {
    const place = `${at}[${index}]`;
    yield { step, at: place };
    if (step.steps !== undefined) yield* allSteps(step.steps, `${place}.steps`);
  }
}
