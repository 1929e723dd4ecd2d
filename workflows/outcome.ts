import type { TeamMember, TeamQuality } from '#api/types/generated/team';
import { judgeNames, memberName } from '#api/types/teams/team-members';
import { memberNamed } from './participants.ts';
import { predecessorsOf, stepKey } from './workflow.ts';
import type { Step, Workflow } from './workflow.ts';

/** The whole of an output that is the answer of one step. */
const ANSWER = /^\s*steps\.([A-Za-z_]\w*)\.value\s*$/;

/** The step whose answer is that of the whole workflow; undefined where it is not that of one participant. */
export function outcomeStep({ steps, outputs }: Pick<Workflow, 'outputs' | 'steps'>): Step | undefined {
  const found = outputs === undefined ? lastStep(steps) : namedStep(steps, Object.values(outputs));
  return found?.participants?.length === 1 && found.forEach === undefined ? found : undefined;
}

function lastStep(steps: readonly Step[]): Step | undefined {
  const followed = new Set(steps.flatMap((step) => predecessorsOf(step, steps)));
  const [last, ...others] = steps.filter(({ name }) => !followed.has(name));
  return others.length === 0 ? last : undefined;
}

function namedStep(steps: readonly Step[], outputs: readonly string[]): Step | undefined {
  const [only = '', ...others] = outputs;
  const key = others.length === 0 ? ANSWER.exec(only)?.[1] : undefined;
  return key === undefined ? undefined : steps.find(({ name }) => stepKey(name) === key);
}

/** Why members cannot judge what comes of a workflow and send it back, as a sentence with the field; undefined when they can. */
export function outcomeProblem(
  workflow: Workflow,
  members: readonly TeamMember[],
  quality: TeamQuality,
): string | undefined {
  const step = outcomeStep(workflow);
  if (step === undefined) {
    return 'spec.quality: the outcome of the workflow is not the answer of one participant, to whom it could go back; let spec.outputs of the Collaboration have one output, steps.NAME.value, or give the steps quality of their own.';
  }
  const author = memberNamed(members, step.participants?.[0] ?? '');
  if (author === undefined || !judgeNames(quality).includes(memberName(author))) return undefined;
  return `spec.quality: "${memberName(author)}" gives the outcome of the workflow, in the step "${step.name}", and cannot judge it.`;
}
