import type { StepOrder } from '#workflows/order';
import type { StepResult } from '#workflows/variables';
import type { Step } from '#workflows/workflow';
import { joinedValues } from './progress.ts';
import type { Progress } from './progress.ts';

/**
 * The answer of a list of steps, as far as it is known: those of the last steps that have one. A step that waits, that does not
 * run, or whose action fails answers nothing, and takes no answer of an earlier step away.
 */
export function answerOf(
  steps: readonly Step[],
  known: ReadonlyMap<string, Progress>,
  before: StepOrder['before'],
): string {
  const answering = steps.filter((step) => isAnswer(step, known.get(step.name)?.result));
  const followed = new Set(answering.flatMap(({ name }) => [...(before.get(name) ?? [])]));
  const last = answering.filter(({ name }) => !followed.has(name));
  return joinedValues(last.flatMap(({ name }) => known.get(name)?.result ?? []));
}

function isAnswer({ wait, action }: Step, result: StepResult | undefined): boolean {
  if (result === undefined || result.value === '' || wait !== undefined) return false;
  return action === undefined || result.status !== 'Failed';
}
