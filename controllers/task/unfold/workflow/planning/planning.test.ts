import { describe, expect, it } from 'vitest';
import type { Workflow } from '#workflows/workflow';
import { Course, ok } from '../course.ts';
import type { Planner } from '../workflow-program.ts';
import type { WrittenStep } from './plan-schema.ts';
import { planSchema } from './plan-schema.ts';

const planner: Planner = {
  leader: 'talker',
  members: [
    { name: 'coder', description: 'writes' },
    { name: 'tester', description: '' },
  ],
  actions: [],
  maxSteps: 5,
};

const written = (name: string, more: Partial<WrittenStep> = {}): WrittenStep => ({
  ...{ name, participant: 'coder', prompt: `Do ${name}.`, dependsOn: [], when: '', forEach: '' },
  ...{ outputs: [], repeatUntil: '', maxIterations: 0, onFailure: 'Fail' },
  ...more,
});
const plan = (...steps: WrittenStep[]) => ok(JSON.stringify({ steps }));
const planned = (more: Partial<Planner> = {}, given: Workflow = { steps: [] }): Course =>
  new Course(given, {}, { mode: 'planned', planner: { ...planner, ...more } });

describe('a workflow that the leader writes', () => {
  it('is asked for by a schema with the members of the Team, and carried out', () => {
    const course = planned();
    expect(course.open()).toMatchObject([
      { id: 'plan', outputSchema: planSchema(planner, []), inputs: { taskPrompt: true } },
    ]);
    const outputs: WrittenStep['outputs'] = [{ name: 'files', type: 'list' }];
    const list = 'steps.look.output.files';
    course.end(
      'plan',
      plan(
        written('look', { outputs }),
        written('write', { participant: 'tester', dependsOn: ['look'], forEach: list }),
      ),
    );
    expect(course.node('look-0')).toMatchObject({ needs: ['plan'], inputs: { text: 'Do look.' } });
    course.end('look-0', ok('{"files":["a","b"]}'));
    expect(course.ids()).toEqual(['write-1i0', 'write-1i1']);
  });

  it.each<{ reason: string; steps: Partial<WrittenStep>[]; want: string; more?: Partial<Planner> }>([
    { reason: 'no steps', steps: [], want: 'It has no steps.' },
    { reason: 'too many', steps: [{}, {}], more: { maxSteps: 1 }, want: 'It has 2 steps; 1 are the most.' },
    {
      reason: 'a stranger',
      steps: [{ participant: 'nobody' }],
      want: 'steps[0]: no member of the Team is "nobody"',
    },
    {
      reason: 'another form',
      steps: [{ when: 3 as never }],
      want: 'steps[0]: it does not have the form of a step',
    },
    {
      reason: 'a script that the Team does not allow',
      steps: [{ run: 'rm -rf /' }],
      want: 'steps[0]: run: the Team does not allow scripts',
    },
    {
      reason: 'a cycle',
      steps: [{ dependsOn: ['a1'] }, { dependsOn: ['a0'] }],
      want: '.steps[0].dependsOn: the steps wait for each other: a0 -> a1 -> a0',
    },
    {
      reason: 'an expression that is not valid',
      steps: [{ when: 'steps.' }],
      want: '.steps[0].when: compilation failed',
    },
  ])('goes back once with what is wrong: $reason', ({ steps, want, more }) => {
    const course = planned(more);
    const bad = plan(...steps.map((one, index) => written(`a${index}`, one)));
    course.end('plan', bad);
    expect(course.ids()).toEqual(['plan-again']);
    const again = course.node('plan-again');
    expect(again).toMatchObject({ session: { from: 'plan' } });
    expect(again?.inputs.text).toContain(want);
    course.end('plan-again', bad);
    expect(course.unfolded.failure).toContain(
      `InvalidPlan: The workflow of the leader cannot be carried out: ${want}`,
    );
  });

  it('is carried out when it was mended', () => {
    const course = planned();
    course.end('plan', ok('Sure!'));
    course.end('plan-again', plan(written('a')));
    expect(course.node('a-0')).toMatchObject({ needs: ['plan-again'] });
  });

  it('has scripts where the Team allows them, and fills the marked places of a given workflow', () => {
    const given: Workflow = {
      steps: [
        { name: 'before', participants: ['coder'] },
        { name: 'work', dependsOn: ['before'], fill: 'leader' },
      ],
    };
    const course = planned({ actions: ['script'] }, given);
    expect(course.ids()).toEqual(['plan']);
    course.end(
      'plan',
      plan(
        written('a', { place: 'work' }),
        written('test', { place: 'work', participant: '', run: 'make test', dependsOn: ['a'] }),
      ),
    );
    course.end('before-0', ok());
    course.end('a-1x0', ok());
    expect(course.node('test-1x1')).toMatchObject({
      kind: 'action',
      action: { script: { run: 'make test' } },
      workspace: { from: 'a-1x0' },
    });
  });
});
