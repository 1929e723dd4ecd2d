import { describe, expect, it } from 'vitest';
import type { Step, Workflow } from './workflow.ts';
import { workflowOf } from './workflow.ts';
import { workflowProblems } from './compile-workflow.ts';

const step = (name: string, more: Partial<Step> = {}): Step => ({ name, participants: ['coder'], ...more });
const object = (properties: Record<string, unknown>) => ({ type: 'object', properties });
const texts = (steps: Step[], more: Partial<Workflow> = {}): string[] =>
  workflowProblems({ steps, ...more }, 'spec').map(({ field, message }) => `${field}: ${message}`);
const group = (steps: Step[], more: Partial<Step> = {}): Step => ({ name: 'loop', steps, ...more });

it('all that is wrong is told at once, as far as it can be known', () => {
  const steps = [
    step('a', { dependsOn: ['x'], when: 'no such thing' }),
    { name: 'b', wait: { until: 'soon' }, prompt: 'p' },
    group([step('c', { dependsOn: ['y'] }), { name: 'd', action: { script: { run: '{{item}}' } } }]),
  ];
  expect(
    texts(steps, { parameters: object({ p: { type: 'string', pattern: '(' } }) }).map(
      (text) => text.split(': ')[0],
    ),
  ).toEqual([
    'spec.parameters.properties[p].pattern',
    'spec.steps[0].dependsOn[0]',
    'spec.steps[1].prompt',
    'spec.steps[1].wait.until',
    'spec.steps[2].steps[0].dependsOn[0]',
    'spec.steps[2].steps[1].action.script.run',
  ]);
});

const plan = step('plan', {
  outputSchema: object({
    files: { type: 'array', items: object({ path: { type: 'string' } }) },
    ok: { type: 'boolean' },
  }),
});

describe('workflowProblems', () => {
  it.each<{ reason: string; steps: Step[]; more?: Partial<Workflow> }>([
    { reason: 'one step', steps: [step('a')] },
    {
      reason: 'edges of all kinds',
      steps: [
        step('a'),
        step('b', { dependsOn: ['a.failure'] }),
        step('c', { dependsOn: ['a', 'b.always'] }),
      ],
    },
    {
      reason: 'a condition on a typed output',
      steps: [plan, step('b', { dependsOn: ['plan'], when: 'steps.plan.output.ok' })],
    },
    {
      reason: 'waits until dates',
      steps: [
        { name: 'a', wait: { until: '2026-12-24T18:00:00+01:00' } },
        { name: 'b', wait: { until: '{{parameters.start}}' } },
      ],
    },
    {
      reason: 'judgements on a step, read by a later one',
      steps: [
        step('a', {
          quality: {
            bestOf: { candidates: 2, choosers: ['b'] },
            evaluate: { judge: 'b', criteria: [{ name: 'x' }] },
            approval: { message: 'Is {{task.title}} fine?' },
          },
        }),
        step('b', {
          dependsOn: ['a'],
          when: 'steps.a.quality.accepted && steps.a.quality.rounds < 3 && steps.a.quality.score > 0.5 && steps.a.quality.choice == 1 && steps.a.quality.judgements.size() > 0',
        }),
      ],
    },
    {
      reason: 'a list of an output, whose items are known by type',
      steps: [
        plan,
        step('b', {
          dependsOn: ['plan'],
          forEach: { items: 'steps.plan.output.files' },
          prompt: 'Write {{item.path}} ({{index}}).',
        }),
      ],
    },
    {
      reason: 'a loop over steps of its own, until a test passes',
      steps: [
        step('write'),
        group(
          [
            step('test'),
            step('fix', {
              dependsOn: ['test'],
              when: 'steps.test.value != "ok"',
              sessionFrom: ['fix', 'write'],
            }),
          ],
          {
            dependsOn: ['write'],
            repeat: { until: 'steps.test.value == "ok" || iteration > 2', maxIterations: 5 },
          },
        ),
        step('end', {
          dependsOn: ['loop'],
          prompt: 'After {{steps.loop.iterations}}: {{steps.loop.steps.test.value}}',
        }),
      ],
    },
    {
      reason: 'names with a hyphen',
      steps: [
        step('write-tests'),
        step('b', {
          dependsOn: ['write-tests'],
          when: 'steps.write_tests.status == "Succeeded"',
          prompt: '{{steps.write-tests.value}}',
        }),
      ],
    },
    {
      reason: 'typed parameters',
      steps: [step('a', { when: 'parameters.count > 2' })],
      more: { parameters: object({ count: { type: 'integer' } }) },
    },
    {
      reason: 'several participants have a list of results',
      steps: [
        step('a', { participants: ['x', 'y'] }),
        step('b', { dependsOn: ['a'], when: 'steps.a.items.all(one, one.value != "")' }),
      ],
    },
    {
      reason: 'an assertion on the run itself',
      steps: [step('a', { assert: [{ rule: 'self.value.size() > 3' }] })],
    },
    { reason: 'outputs', steps: [step('a')], more: { outputs: { text: 'steps.a.value' } } },
    {
      reason: 'fields whose names CEL has to escape, and names that every object has',
      steps: [
        step('a', { outputSchema: object({ 'x-y': { type: 'string' } }) }),
        step('toString', {
          dependsOn: ['a'],
          when: 'steps.a.output.x__dash__y == "1"',
          prompt: '{{steps.a.output.x-y}}',
        }),
        step('constructor', { dependsOn: ['toString'], prompt: '{{steps.toString.value}}' }),
      ],
    },
    {
      reason: 'braces that are no placeholder',
      steps: [step('a', { prompt: 'Use {{ .Values.x }} of Helm.' })],
    },
  ])('accepts $reason', ({ steps, more }) => {
    expect(texts(steps, more)).toEqual([]);
  });

  it.each<{ reason: string; steps: Step[]; more?: Partial<Workflow>; want: string }>([
    {
      reason: 'a name twice',
      steps: [step('a-b'), step('A_b')],
      want: 'spec.steps[1].name: "A_b" and "a-b" are the same name',
    },
    {
      reason: 'the judgement of a step that nobody judges',
      steps: [step('a'), step('b', { dependsOn: ['a'], when: 'steps.a.quality.accepted' })],
      want: 'spec.steps[1].when: ',
    },
    {
      reason: 'a score that nobody gives',
      steps: [
        step('a', { quality: { review: { reviewer: 'b' } } }),
        step('b', { dependsOn: ['a'], when: 'steps.a.quality.score > 0.5' }),
      ],
      want: 'spec.steps[1].when: ',
    },
    {
      reason: 'an own judge',
      steps: [step('a', { quality: { vote: { voters: ['b', 'coder'] } } })],
      want: 'spec.steps[0].quality.vote.voters[1]: "coder" cannot judge its own answer',
    },
    {
      reason: 'quality of the answers of several',
      steps: [step('a', { participants: ['b', 'c'], quality: { review: { reviewer: 'd' } } })],
      want: 'spec.steps[0].quality: is for the answer of one participant',
    },
    {
      reason: 'quality that asks for nothing',
      steps: [step('a', { quality: {} })],
      want: 'spec.steps[0].quality: at least one of approval, bestOf',
    },
    {
      reason: 'quality of a wait',
      steps: [{ name: 'a', wait: { seconds: 1 }, quality: { review: { reviewer: 'b' } } }],
      want: 'spec.steps[0].quality: a step with a wait has no quality',
    },
    {
      reason: 'neither judge nor script',
      steps: [step('a', { quality: { evaluate: { threshold: 1 } } })],
      want: 'spec.steps[0].quality.evaluate: either a judge or a script is needed',
    },
    {
      reason: 'a word of an agent in a script that judges',
      steps: [step('a', { quality: { evaluate: { script: { run: 'echo {{task.prompt}}' } } } })],
      want: 'spec.steps[0].quality.evaluate.script.run: {{task.prompt}} would become a part of the program',
    },
    {
      reason: 'no date',
      steps: [{ name: 'a', wait: { until: 'tomorrow' } }],
      want: 'spec.steps[0].wait.until: must be a date and time as in RFC 3339',
    },
    {
      reason: 'a name twice in a group',
      steps: [step('a'), group([step('a')])],
      want: 'spec.steps[1].steps[0].name: "a" and "a"',
    },
    {
      reason: 'a step that is not there',
      steps: [step('a', { dependsOn: ['b'] })],
      want: 'spec.steps[0].dependsOn[0]: there is no step "b"',
    },
    {
      reason: 'itself',
      steps: [step('a', { dependsOn: ['a'] })],
      want: 'spec.steps[0].dependsOn[0]: a step cannot wait for itself',
    },
    {
      reason: 'a step twice',
      steps: [step('b'), step('a', { dependsOn: ['b', 'b.failure'] })],
      want: 'spec.steps[1].dependsOn[1]: "b" is named twice',
    },
    {
      reason: 'a cycle',
      steps: [
        step('a', { dependsOn: ['c'] }),
        step('b', { dependsOn: ['a'] }),
        step('c', { dependsOn: ['b'] }),
      ],
      want: 'the steps wait for each other: a -> c -> b -> a',
    },
    {
      reason: 'a cycle by a failure step',
      steps: [step('a', { dependsOn: ['b'], onFailure: 'b' }), step('b')],
      want: 'the steps wait for each other: a -> b -> a',
    },
    {
      reason: 'an unknown failure step',
      steps: [step('a', { onFailure: 'Retry' })],
      want: 'spec.steps[0].onFailure: must be Fail, Continue or a step',
    },
    {
      reason: 'a step that can never run',
      steps: [step('a'), step('b', { dependsOn: ['a'] }), step('c', { dependsOn: ['a.failure', 'b'] })],
      want: 'spec.steps[2].dependsOn: the step can never run: "a" would have to succeed and to fail',
    },
    {
      reason: 'an expression with a wrong type',
      steps: [plan, step('b', { dependsOn: ['plan'], when: 'steps.plan.output.ok == 3' })],
      want: "spec.steps[1].when: compilation failed: ERROR: <input>:1:22: found no matching overload for '_==_'",
    },
    {
      reason: 'an expression that is no condition',
      steps: [plan, step('b', { dependsOn: ['plan'], when: 'steps.plan.value' })],
      want: 'spec.steps[1].when: must be a condition, true or false, and is of type string',
    },
    {
      reason: 'a field that is not in the schema',
      steps: [plan, step('b', { dependsOn: ['plan'], when: 'steps.plan.output.good' })],
      want: "undefined field 'good'",
    },
    {
      reason: 'a step that is not waited for',
      steps: [plan, step('b', { when: 'steps.plan.output.ok' })],
      want: 'step "plan" is known only to steps that depend on it',
    },
    {
      reason: 'items that are no list',
      steps: [plan, step('b', { dependsOn: ['plan'], forEach: { items: 'steps.plan.value' } })],
      want: 'spec.steps[1].forEach.items: must be a list, and is of type string',
    },
    {
      reason: 'a loop whose end is no condition',
      steps: [step('a', { repeat: { until: '1 + 1', maxIterations: 3 } })],
      want: 'spec.steps[0].repeat.until: must be a condition',
    },
    {
      reason: 'a placeholder for nothing',
      steps: [step('a', { prompt: 'Do {{itm}}.' })],
      want: 'spec.steps[0].prompt: {{itm}}: there is no "itm" here; known: parameters, task, steps',
    },
    {
      reason: 'a placeholder for a step that is not waited for',
      steps: [step('q'), step('a', { prompt: '{{steps.q.value}}' })],
      want: 'spec.steps[1].prompt: {{steps.q.value}}: there is no "q" here; a step knows those that it names in dependsOn, and those before them',
    },
    {
      reason: 'a parameter that is not there',
      steps: [step('a', { prompt: '{{parameters.y}}' })],
      more: { parameters: object({ x: { type: 'string' } }) },
      want: 'there is no "y" here; known: x',
    },
    {
      reason: 'a placeholder in a program',
      steps: [{ name: 'a', action: { script: { run: 'echo {{task.prompt}}' } } }],
      want: 'spec.steps[0].action.script.run: {{task.prompt}} would become a part of the program',
    },
    {
      reason: 'a placeholder for a host',
      steps: [{ name: 'a', action: { http: { url: 'https://{{task.prompt}}/x' } } }],
      want: 'spec.steps[0].action.http.url: {{task.prompt}} would decide which service is called',
    },
    {
      reason: 'words for a wait',
      steps: [{ name: 'a', wait: { seconds: 3 }, prompt: 'x' }],
      want: 'spec.steps[0].prompt: a step with a wait has no prompt',
    },
    {
      reason: 'a session of a step that is still to come',
      steps: [step('a', { sessionFrom: ['b'] }), step('b')],
      want: 'spec.steps[0].sessionFrom: "b" is no step that has ended before',
    },
    {
      reason: 'a schema of parameters that is not valid',
      steps: [step('a')],
      more: { parameters: { type: 'array' } },
      want: 'spec.parameters',
    },
    {
      reason: 'an output of nothing',
      steps: [step('a')],
      more: { outputs: { x: 'steps.b.value' } },
      want: "spec.outputs.x: compilation failed: ERROR: <input>:1:6: undefined field 'b'",
    },
    {
      reason: 'a name that only objects of JavaScript have',
      steps: [step('a', { prompt: '{{steps.constructor}}' })],
      want: 'spec.steps[0].prompt: {{steps.constructor}}: there is no "constructor" here',
    },
    {
      reason: 'an assertion that is no condition',
      steps: [step('a', { assert: [{ rule: 'self.value' }] })],
      want: 'spec.steps[0].assert[0].rule: must be a condition',
    },
  ])('finds $reason', ({ steps, more, want }) => {
    expect(texts(steps, more).join('\n')).toContain(want);
  });

  it('reads the short form as steps one after the other', () => {
    const steps = [
      { name: 'plan', participants: ['a'] },
      { name: 'do', participants: ['b', 'c'] },
    ];
    expect(workflowOf({ type: 'workflow', config: { steps } }).steps).toEqual([
      steps[0],
      { ...steps[1], dependsOn: ['plan'] },
    ]);
  });
});
