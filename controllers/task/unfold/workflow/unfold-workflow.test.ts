import { describe, expect, it } from 'vitest';
import type { Step } from '#workflows/workflow';
import { Course, broken, ok, step } from './course.ts';
import type { End } from './course.ts';

describe('unfoldWorkflow', () => {
  it('starts what nothing is waited for, and what follows with the files and the answers before', () => {
    const course = new Course({
      steps: [step('plan'), step('write', { dependsOn: ['plan'] }), step('look')],
    });
    expect(course.ids()).toEqual(['plan-0', 'look-2']);
    course.end('plan-0', ok('P'));
    expect(course.node('write-1')).toMatchObject({
      needs: ['plan-0'],
      inputs: { taskPrompt: true, results: [{ from: 'plan-0', label: 'Result of the step before, plan' }] },
      workspace: { uses: true, from: 'plan-0' },
    });
  });

  it('replaces placeholders once, as text', () => {
    const course = new Course(
      {
        steps: [
          step('plan'),
          step('write', {
            dependsOn: ['plan'],
            prompt: 'Do {{steps.plan.value}} in {{parameters.language}}.',
          }),
        ],
      },
      { language: 'Go {{task.prompt}}' },
    );
    course.end('plan-0', ok('{{parameters.language}}'));
    expect(course.node('write-1')?.inputs).toEqual({
      taskPrompt: false,
      text: 'Do {{parameters.language}} in Go {{task.prompt}}.',
      results: [],
    });
  });

  it.each<{ reason: string; end: End; want: string[]; more?: Partial<Step> }>([
    { reason: 'a success', end: ok(), want: ['after-1', 'always-3'] },
    { reason: 'a failure', end: broken, want: ['broken-2', 'always-3'] },
    {
      reason: 'a failure that does not matter',
      end: broken,
      more: { onFailure: 'Continue' },
      want: ['after-1', 'broken-2', 'always-3'],
    },
  ])('takes the edges of $reason', ({ end, want, more }) => {
    const course = new Course({
      steps: [
        step('a', more),
        step('after', { dependsOn: ['a'] }),
        step('broken', { dependsOn: ['a.failure'] }),
        step('always', { dependsOn: ['a.always'] }),
      ],
    });
    course.end('a-0', end);
    expect(course.ids()).toEqual(want);
    expect(course.unfolded.failure).toBeUndefined();
  });

  it('fails where nothing follows from a failure', () => {
    const course = new Course({ steps: [step('a'), step('b')] });
    course.end('b-1', broken);
    expect(course.unfolded.failure).toBe('AgentFailed: Step "b": It broke.');
  });

  it('runs the step that a failure names, and omits it otherwise', () => {
    const steps = [
      step('a', { onFailure: 'mend' }),
      step('mend'),
      step('end', { dependsOn: ['a.always', 'mend.always'] }),
    ];
    const bad = new Course({ steps });
    bad.end('a-0', broken);
    expect(bad.ids()).toEqual(['mend-1']);
    const good = new Course({ steps });
    good.end('a-0', ok());
    expect(good.ids()).toEqual(['end-2']);
    expect(good.node('mend-1')?.skip).toBe('It runs when "a" fails.');
  });

  it('goes on after a step that was not chosen, and not after one that was omitted', () => {
    const course = new Course({
      steps: [
        step('a'),
        step('b', { dependsOn: ['a'], when: 'steps.a.value == "b"' }),
        step('c', { dependsOn: ['a'], when: 'steps.a.value == "c"' }),
        step('d', { dependsOn: ['b', 'c'] }),
        step('e', { dependsOn: ['a.failure'] }),
        step('f', { dependsOn: ['e'] }),
      ],
    });
    course.end('a-0', ok('c'));
    expect(course.ids()).toEqual(['c-2']);
    course.end('c-2', ok());
    expect(course.ids()).toEqual(['d-3']);
    expect(course.node('f-5')?.skip).toBe('Step "e" ended Omitted, and this one runs on success.');
  });

  it('does a step for each item, a few at a time, and gives all results', () => {
    const outputSchema = {
      type: 'object',
      properties: { files: { type: 'array', items: { type: 'string' } } },
    };
    const course = new Course({
      steps: [
        step('plan', { outputSchema }),
        step('write', {
          dependsOn: ['plan'],
          forEach: { items: 'steps.plan.output.files', parallelism: 2 },
          prompt: 'Write {{item}}, {{index}}.',
        }),
        step('end', {
          dependsOn: ['write'],
          prompt: '{{steps.write.items[1].value}} of {{steps.write.status}}',
        }),
      ],
    });
    course.end('plan-0', ok('{"files":["a","b","c"]}'));
    expect(course.ids()).toEqual(['write-1i0', 'write-1i1']);
    course.end('write-1i1', ok('B'));
    expect(course.ids()).toEqual(['write-1i0', 'write-1i2']);
    expect(course.node('write-1i2')).toMatchObject({
      name: 'write, item 3',
      inputs: { text: 'Write c, 2.' },
    });
    course.end('write-1i2', ok('C'));
    course.end('write-1i0', ok('A'));
    expect(course.node('end-2')).toMatchObject({
      inputs: { text: 'B of Succeeded' },
      workspace: { from: 'plan-0' },
    });
  });

  it('repeats steps until the condition holds, in the session of the one who did the work', () => {
    const loop: Step = {
      name: 'loop',
      dependsOn: ['write'],
      repeat: { until: 'steps.test.value == "ok"', maxIterations: 2 },
      steps: [
        step('test', { participants: ['tester'] }),
        step('fix', {
          dependsOn: ['test'],
          when: 'steps.test.value != "ok"',
          sessionFrom: ['fix', 'write'],
          prompt: '{{steps.test.value}} ({{iteration}})',
        }),
      ],
    };
    const course = new Course({
      steps: [step('write'), loop],
      outputs: { times: 'steps.loop.iterations', last: 'steps.loop.steps.test.value' },
    });
    course.end('write-0', ok());
    expect(course.ids()).toEqual(['test-1r1x0']);
    expect(course.node('test-1r1x0')?.workspace.from).toBe('write-0');
    course.end('test-1r1x0', ok('red'));
    expect(course.node('fix-1r1x1')).toMatchObject({
      session: { from: 'write-0' },
      inputs: { text: 'red (1)' },
    });
    course.end('fix-1r1x1', ok());
    expect(course.node('test-1r2x0')).toMatchObject({
      name: 'test, iteration 2',
      workspace: { from: 'fix-1r1x1' },
    });
    const green = new Course({ steps: [step('write'), loop] });
    expect(green.ids()).toEqual(['write-0']);
    course.end('test-1r2x0', ok('ok'));
    expect(course.ids()).toEqual([]);
    expect(course.unfolded).toMatchObject({ answer: '{"last":"ok","times":2}' });
  });

  it('fails with IterationLimit where the condition does not come to hold', () => {
    const course = new Course({
      steps: [step('a', { repeat: { until: 'self.value == "x"', maxIterations: 1 } })],
    });
    course.end('a-0r1', ok('y'));
    expect(course.unfolded.failure).toBe(
      'IterationLimit: Step "a": It does not hold after 1 iterations: self.value == "x"',
    );
  });

  it('tries a step again after a failure that may be tried again, with a pause', () => {
    const retry = { limit: 2, reasons: ['AssertionFailed'], delaySeconds: 30 };
    const course = new Course({
      steps: [step('a', { retry, assert: [{ rule: 'self.value != ""', message: 'It is empty.' }] })],
    });
    course.end('a-0', ok(''));
    expect(course.open()).toMatchObject([{ id: 'a-0w', wait: { for: 'time', seconds: 30 } }]);
    course.end('a-0w', ok(''));
    expect(course.ids()).toEqual(['a-0t1']);
    course.end('a-0t1', broken);
    expect(course.unfolded.failure).toBe('AgentFailed: Step "a": It broke.');
  });

  it('fails a step whose assertion does not hold, with its message', () => {
    const course = new Course({
      steps: [step('a', { assert: [{ rule: 'self.value == "x"', message: 'It has to be x.' }] })],
    });
    course.end('a-0', ok('y'));
    expect(course.unfolded.failure).toBe('AssertionFailed: Step "a": It has to be x.');
  });

  it('fails a step whose expression has no value', () => {
    const course = new Course({
      steps: [step('a'), step('b', { dependsOn: ['a'], when: 'int(steps.a.value) > 3' })],
    });
    course.end('a-0', ok('many'));
    expect(course.unfolded.failure).toContain('ExpressionFailed: Step "b": when: ');
  });

  it('has several participants work side by side', () => {
    const course = new Course({
      steps: [step('a', { participants: ['coder', 'talker'] }), step('b', { dependsOn: ['a'] })],
    });
    expect(course.ids()).toEqual(['a-0p0', 'a-0p1']);
    course.end('a-0p0', ok('1'));
    course.end('a-0p1', ok('2'));
    expect(course.node('b-1')).toMatchObject({ needs: ['a-0p0', 'a-0p1'], workspace: { uses: true } });
  });

  it('holds back what is more than the parallelism, and never takes back what has begun', () => {
    const course = new Course({
      steps: [step('a'), step('b', { dependsOn: ['a'] }), step('c', { dependsOn: ['a'] }), step('z')],
      parallelism: 2,
    });
    expect(course.ids()).toEqual(['a-0', 'z-3']);
    course.end('a-0', ok());
    expect(course.ids()).toEqual(['b-1', 'z-3']);
    course.end('z-3', ok());
    expect(course.ids()).toEqual(['b-1', 'c-2']);
  });

  it('fails where there would be more runs than maxNodes', () => {
    const course = new Course({ steps: [step('a', { forEach: { items: '[1, 2, 3]' } })], maxNodes: 2 });
    expect(course.unfolded.failure).toBe('TooManySteps: the workflow would have more than 2 runs and waits.');
  });
});

describe('waits and actions', () => {
  it('wait for people, events, calls and time as they are written', () => {
    const wait = (name: string, what: Step['wait']): Step => ({
      name,
      dependsOn: ['a'],
      ...(what && { wait: what }),
    });
    const course = new Course({
      steps: [
        step('a'),
        wait('people', { approval: { message: 'Ship {{steps.a.value}}?', approvers: { groups: ['ops'] } } }),
        wait('event', { event: { name: 'paid', timeoutSeconds: 5 } }),
        wait('call', { webhook: {} }),
        wait('time', { seconds: 7 }),
        wait('date', { until: '{{task.title}}' }),
      ],
    });
    course.end('a-0', ok('v2'));
    expect(course.open()).toMatchObject([
      { wait: { for: 'approval', message: 'Ship v2?', settings: { approvers: { groups: ['ops'] } } } },
      { wait: { for: 'event', event: 'paid', timeoutSeconds: 5 } },
      { wait: { for: 'webhook' } },
      { wait: { for: 'time', seconds: 7 } },
      { wait: { for: 'time', until: 'T' } },
    ]);
    course.end('people-1', { reason: 'Rejected' });
    expect(course.unfolded.failure).toBe('Rejected: Step "people": It broke.');
  });
});
