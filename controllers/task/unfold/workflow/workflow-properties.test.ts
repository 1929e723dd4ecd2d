import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileWorkflow } from '#workflows/compile-workflow';
import { dependenciesOf, failureStep } from '#workflows/workflow';
import type { Step } from '#workflows/workflow';
import { Course, broken, ok } from './course.ts';

/** Made-up workflows, and the plainest reading of them: done at once, one after the other. */

type Outcome = 'Failed' | 'Succeeded';
const outcomes = fc.func(fc.boolean());

interface Shape {
  kind: 'group' | 'items' | 'loop' | 'run';
  on: readonly ('always' | 'failure' | 'success')[];
  goesOn: boolean;
  tries: number;
  count: number;
  isChosen: boolean;
  inner: readonly Shape[];
}

const leaf = {
  on: fc.array(fc.constantFrom('always', 'failure', 'success'), { maxLength: 2 }),
  goesOn: fc.boolean(),
  tries: fc.nat(2),
  count: fc.nat(2),
  isChosen: fc.boolean(),
};
const innerShape: fc.Arbitrary<Shape> = fc.record({
  ...leaf,
  kind: fc.constantFrom('items', 'loop', 'run'),
  inner: fc.constant([]),
});
const shape: fc.Arbitrary<Shape> = fc.record({
  ...leaf,
  kind: fc.constantFrom('group', 'items', 'loop', 'run'),
  inner: fc.array(innerShape, { minLength: 1, maxLength: 3 }),
});

function made(shapes: readonly Shape[], prefix: string): Step[] {
  return shapes.map((one, index): Step => {
    const before = shapes.slice(0, index).map((_, at) => `${prefix}${at}`);
    const dependsOn = one.on.flatMap((edge, at) => {
      const name = before.at(-1 - at);
      return name === undefined ? [] : [`${name}.${edge}`];
    });
    const isGroup = one.inner.length > 0 && one.kind !== 'run';
    return {
      name: `${prefix}${index}`,
      ...(dependsOn.length === 0 ? {} : { dependsOn }),
      ...(one.goesOn ? { onFailure: 'Continue' } : {}),
      ...(one.tries > 0 ? { retry: { limit: one.tries } } : {}),
      ...(one.isChosen ? {} : { when: 'task.title == ""' }),
      ...(one.kind === 'items'
        ? {
            forEach: {
              items: JSON.stringify(Array.from({ length: one.count }, (_, n) => n)),
              parallelism: 2,
            },
          }
        : {}),
      ...(one.kind === 'loop'
        ? { repeat: { until: `iteration > ${one.count}`, maxIterations: one.count + 1 } }
        : {}),
      ...(isGroup ? { steps: made(one.inner, `${prefix}${index}q`) } : { participants: ['coder'] }),
    };
  });
}

/** How often each step runs, and whether all of it fails. */
function account(
  steps: readonly Step[],
  outcomeOf: (run: string) => Outcome,
): { runs: string[]; hasFailed: boolean } {
  const runs: string[] = [];
  const run = (one: Step, place: string): Outcome => {
    for (let tries = 0; ; tries += 1) {
      const at = tries === 0 ? place : `${place}t${tries}`;
      const outcome = one.steps === undefined ? atOnce(one.name, at) : list(one.steps, at);
      if (outcome === 'Succeeded' || tries >= (one.retry?.limit ?? 0)) return outcome;
    }
  };
  const atOnce = (name: string, place: string): Outcome => {
    runs.push(`${name}-${place}`);
    return outcomeOf(`${name}-${place}`);
  };
  const whole = (one: Step, place: string): Outcome => {
    if (one.forEach !== undefined) {
      const ends = (JSON.parse(one.forEach.items) as number[]).map((index) => run(one, `${place}i${index}`));
      return ends.includes('Failed') ? 'Failed' : 'Succeeded';
    }
    if (one.repeat === undefined) return run(one, place);
    for (let iteration = 1; iteration <= one.repeat.maxIterations; iteration += 1) {
      if (run(one, `${place}r${iteration}`) === 'Failed') return 'Failed';
    }
    return 'Succeeded';
  };
  const list = (all: readonly Step[], place: string): Outcome => {
    const ends = new Map<string, string>();
    let outcome: Outcome = 'Succeeded';
    for (const [index, one] of all.entries()) {
      const holds = dependenciesOf(one).every(({ step: name, edge }) => {
        const end = ends.get(name);
        const goesOn = all.find((other) => other.name === name)?.onFailure === 'Continue';
        if (edge === 'always') return true;
        return edge === 'failure'
          ? end === 'Failed'
          : end === 'Succeeded' || end === 'Skipped' || (end === 'Failed' && goesOn);
      });
      const end = !holds
        ? 'Omitted'
        : one.when === undefined
          ? whole(one, `${place}${place === '' ? '' : 'x'}${index}`)
          : 'Skipped';
      ends.set(one.name, end);
      const isHandled =
        one.onFailure === 'Continue' ||
        failureStep(one) !== undefined ||
        all.some((other) =>
          dependenciesOf(other).some((need) => need.step === one.name && need.edge !== 'success'),
        );
      if (end === 'Failed' && !isHandled) outcome = 'Failed';
    }
    return outcome;
  };
  return { runs, hasFailed: list(steps, '') === 'Failed' };
}

describe('made-up workflows', () => {
  it('come to the end that the plainest reading says, each step as often, in whatever order runs end', () => {
    fc.assert(
      fc.property(
        fc.array(shape, { minLength: 1, maxLength: 4 }),
        outcomes,
        fc.infiniteStream(fc.nat(1000)),
        (shapes, fails, choices) => {
          const steps = made(shapes, 's');
          const outcomeOf = (run: string): Outcome => (fails(run) ? 'Failed' : 'Succeeded');
          fc.pre(compileWorkflow({ steps }, '').problems.length === 0);
          const want = account(steps, outcomeOf);
          const course = new Course({ steps });
          const runs: string[] = [];
          for (;;) {
            if (course.unfolded.failure !== undefined) break;
            const open = course.ids();
            if (open.length === 0) break;
            const next = open[(choices.next().value ?? 0) % open.length] ?? '';
            runs.push(next);
            course.end(next, outcomeOf(next) === 'Failed' ? broken : ok());
          }
          expect(course.unfolded.failure !== undefined, 'the end').toBe(want.hasFailed);
          // A failure ends the Task at once, so that not all of the rest has its turn.
          if (want.hasFailed) expect(want.runs).toEqual(expect.arrayContaining(runs));
          else expect(runs.toSorted()).toEqual(want.runs.toSorted());
        },
      ),
      { numRuns: 300 },
    );
  });
});
