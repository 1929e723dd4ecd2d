import { orderSteps } from './order.ts';
import type { Problem } from './problem.ts';
import { allSteps, dependenciesOf, failureStep, stepIdentity } from './workflow.ts';
import type { Edge, Step } from './workflow.ts';

/** Two steps of one name, wherever they stand: a name is how people find a step again. */
export function duplicateNames(steps: readonly Step[], at: string): Problem[] {
  const first = new Map<string, string>();
  return [...allSteps(steps, at)].flatMap(({ step: { name }, at: place }) => {
    const identity = stepIdentity(name);
    const taken = first.get(identity);
    if (taken === undefined) {
      first.set(identity, name);
      return [];
    }
    return [{ field: `${place}.name`, message: `"${name}" and "${taken}" are the same name` }];
  });
}

/** Names that the steps of one list have for each other. */
export function siblingProblems(steps: readonly Step[], at: string): Problem[] {
  const names = new Set(steps.map(({ name }) => name));
  const problems = steps.flatMap((step, index) => stepProblems(step, `${at}[${index}]`, names));
  if (problems.length > 0) return problems;
  const { cycle } = orderSteps(steps);
  if (cycle !== undefined) {
    const index = steps.findIndex(({ name }) => name === cycle[0]);
    return [
      { field: `${at}[${index}].dependsOn`, message: `the steps wait for each other: ${cycle.join(' -> ')}` },
    ];
  }
  return unreachableSteps(steps, at);
}

function stepProblems(step: Step, at: string, names: ReadonlySet<string>): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const [index, { step: name }] of dependenciesOf(step).entries()) {
    const field = `${at}.dependsOn[${index}]`;
    if (name === step.name) problems.push({ field, message: 'a step cannot wait for itself' });
    else if (!names.has(name)) problems.push({ field, message: unknownStep(name, names) });
    else if (seen.has(name)) problems.push({ field, message: `"${name}" is named twice` });
    seen.add(name);
  }
  const next = failureStep(step);
  if (next === step.name)
    problems.push({ field: `${at}.onFailure`, message: 'a step cannot run after its own failure' });
  else if (next !== undefined && !names.has(next)) {
    problems.push({
      field: `${at}.onFailure`,
      message: `must be Fail, Continue or a step; ${unknownStep(next, names)}`,
    });
  }
  return problems;
}

const unknownStep = (name: string, names: ReadonlySet<string>): string =>
  `there is no step "${name}" beside this one; known: ${[...names].join(', ')}`;

/** How other steps have to have ended before a step can run. */
type Ends = ReadonlyMap<string, Exclude<Edge, 'always'>>;

/** Steps whose edges exclude each other. */
function unreachableSteps(steps: readonly Step[], at: string): Problem[] {
  const needed = new Map<string, Ends>();
  const problems: Problem[] = [];
  for (const step of orderSteps(steps).sorted) {
    const { ends, conflict } = neededEnds(step, needed);
    needed.set(step.name, ends);
    if (conflict === undefined) continue;
    const field = `${at}[${steps.indexOf(step)}].dependsOn`;
    problems.push({
      field,
      message: `the step can never run: "${conflict}" would have to succeed and to fail`,
    });
  }
  return problems;
}

function neededEnds(step: Step, needed: ReadonlyMap<string, Ends>): { ends: Ends; conflict?: string } {
  const ends = new Map<string, Exclude<Edge, 'always'>>();
  for (const { step: name, edge } of dependenciesOf(step)) {
    if (edge === 'always') continue;
    for (const [other, end] of [[name, edge] as const, ...(needed.get(name) ?? [])]) {
      const known = ends.get(other);
      if (known !== undefined && known !== end) return { ends, conflict: other };
      ends.set(other, end);
    }
  }
  return { ends };
}
