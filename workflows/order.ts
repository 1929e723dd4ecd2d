import { predecessorsOf } from './workflow.ts';
import type { Step } from './workflow.ts';

/** The order of the steps of one list. */
export interface StepOrder {
  /** Each after all that has to end before it, else in the order of the list. */
  sorted: readonly Step[];
  /** By name, the names of all that has to end before a step, directly or not. */
  before: ReadonlyMap<string, ReadonlySet<string>>;
  /** The names of a cycle, where there is one; then nothing of it is in `sorted`. */
  cycle?: readonly string[];
}

/** Depth first, so that the nearest cycle is told; names that are not there are left out. */
export function orderSteps(steps: readonly Step[]): StepOrder {
  const byName = new Map(steps.map((step) => [step.name, step]));
  const before = new Map<string, Set<string>>();
  const sorted: Step[] = [];
  let cycle: readonly string[] | undefined;
  const visit = (step: Step, way: readonly string[]): Set<string> => {
    const known = before.get(step.name);
    if (known !== undefined) return known;
    if (way.includes(step.name)) {
      cycle ??= [...way.slice(way.indexOf(step.name)), step.name];
      return new Set();
    }
    const above = new Set<string>();
    for (const name of predecessorsOf(step, steps)) {
      const predecessor = byName.get(name);
      if (predecessor === undefined) continue;
      above.add(name);
      for (const higher of visit(predecessor, [...way, step.name])) above.add(higher);
    }
    before.set(step.name, above);
    sorted.push(step);
    return above;
  };
  for (const step of steps) visit(step, []);
  return { sorted, before, ...(cycle === undefined ? {} : { cycle }) };
}
