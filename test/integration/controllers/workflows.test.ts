import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CollaborationSpec, CollaborationStep } from '#api/types/generated/collaboration';
import type { Task } from '#api/types/generated/task';
import { COLLABORATIONS, TEAMS } from '#api/types/resources';
import { play } from './play.ts';
import type { Play } from './play.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

let world: World;
let p: Play;

beforeEach(async () => {
  world = await startWorld();
  p = play(world.client, 'default');
  await p.create.everything();
});
afterEach(() => world[Symbol.asyncDispose]());

const metadata = (name: string) => ({ name, namespace: 'default' });

async function collaboration(spec: Partial<CollaborationSpec>): Promise<void> {
  await world.client.create(COLLABORATIONS, {
    ...{ apiVersion: 'agent.wecode.io/v1alpha1', kind: 'Collaboration' },
    ...{ metadata: metadata('flow'), spec: { type: 'workflow', ...spec } },
  });
  await world.client.create(TEAMS, {
    ...{ apiVersion: 'agent.wecode.io/v1', kind: 'Team', metadata: metadata('flows') },
    spec: { members: [{ name: 'coder', botRef: { name: 'bot' } }], collaborationRef: { name: 'flow' } },
  });
}

const step = (name: string, more: Partial<CollaborationStep> = {}): CollaborationStep => ({
  name,
  participants: ['coder'],
  ...more,
});

const nameOf = ({ metadata: { name, uid = '' } }: Task, node: string, attempt = 1): string =>
  `${name}-${uid.slice(0, 5)}-${node}-a${attempt}`;

async function answers(task: Task, node: string, value: string, output?: unknown): Promise<string> {
  const { metadata: found, spec } = await p.bound(nameOf(task, node));
  await p.succeeds(found.name, value, output === undefined ? {} : { output });
  return spec.prompt ?? '';
}

describe('a Task that works by a workflow', () => {
  const files = {
    type: 'object',
    required: ['files'],
    properties: { files: { type: 'array', items: { type: 'string' } } },
  };
  const steps = [
    step('plan', { outputSchema: files }),
    step('write', {
      dependsOn: ['plan'],
      forEach: { items: 'steps.plan.output.files' },
      prompt: 'Write {{item}}.',
    }),
    step('check', {
      dependsOn: ['write'],
      repeat: { until: 'self.value == "good"', maxIterations: 3 },
      prompt: 'Check {{steps.write.items[0].value}} and {{steps.write.items[1].value}}.',
    }),
  ];

  it('does its steps as their results say, with two controllers at work', async () => {
    await collaboration({
      steps,
      outputs: { verdict: 'steps.check.value', files: 'steps.plan.output.files' },
    });
    await world.startControllers();
    await world.startControllers();
    await p.executor('e1', 5);
    const task = await p.create.task('t', { teamRef: { name: 'flows' } });
    await answers(task, 'plan-0', '', { files: ['a', 'b'] });
    expect(await answers(task, 'write-1i1', 'B')).toBe('Write b.');
    expect(await answers(task, 'write-1i0', 'A')).toBe('Write a.');
    expect(await answers(task, 'check-2r1', 'bad')).toBe('Check A and B.');
    await answers(task, 'check-2r2', 'good');
    const { status } = await p.task('t', 'COMPLETED');
    expect(status?.result?.['value']).toBe('{"files":["a","b"],"verdict":"good"}');
    expect(status).toMatchObject({ executionMode: 'script' });
    const known = (status?.subTasks ?? []).map(({ title, status: word }) => `${title} ${word}`);
    expect(known).toEqual([
      'plan COMPLETED',
      'write, item 1 COMPLETED',
      'write, item 2 COMPLETED',
      'check, iteration 1 COMPLETED',
      'check, iteration 2 COMPLETED',
    ]);
    expect((await p.sandboxes()).length).toBe(5);
  });

  it('says why a Team, or a Task, cannot be carried out', async () => {
    await collaboration({ steps: [step('plan', { participants: ['nobody'] })] });
    await world.startControllers();
    // Until its Bot is ready, the Team says that, too.
    const problem =
      'spec.collaborationRef: Collaboration "default/flow": spec.steps[0].participants[0]: no member of the Team is "nobody".';
    await p.there(TEAMS, 'flows', ({ status }) => status?.message === problem);
  });

  it('ends with the reason of a step that nothing follows', async () => {
    await collaboration({
      steps: [
        step('plan', { assert: [{ rule: 'self.value == "x"', message: 'It has to be x.' }] }),
        step('write'),
      ],
    });
    await world.startControllers();
    await p.executor('e1', 5);
    const task = await p.create.task('t', { teamRef: { name: 'flows' } });
    await p.bound(nameOf(task, 'write-1'));
    await answers(task, 'plan-0', 'y');
    await p.stops(nameOf(task, 'write-1'));
    const { status } = await p.task('t', 'FAILED');
    expect(status?.errorMessage).toContain('AssertionFailed: Step "plan": It has to be x.');
  });
});

it('refuses a workflow that cannot be carried out, with every field', async () => {
  const wrong = collaboration({ steps: [step('a', { dependsOn: ['b'] }), step('b', { dependsOn: ['a'] })] });
  await expect(wrong).rejects.toThrow(
    'Collaboration.agent.wecode.io "flow" is invalid: spec.steps[0].dependsOn: Invalid value: the steps wait for each other: a -> b -> a',
  );
});

it('refuses a wait for two things, and says which there are', async () => {
  const wait = { seconds: 1, event: { name: 'paid' } };
  await expect(collaboration({ steps: [{ name: 'gate', wait }] })).rejects.toThrow(
    'exactly one of seconds, until, approval, event and webhook is needed',
  );
});

it('does what the leader has planned, for a Task that asks for it', async () => {
  await world.client.create(TEAMS, {
    ...{ apiVersion: 'agent.wecode.io/v1', kind: 'Team', metadata: metadata('flows') },
    spec: {
      members: [
        { role: 'leader', botRef: { name: 'bot' } },
        { name: 'coder', botRef: { name: 'bot' } },
      ],
      collaborationModel: 'solo',
    },
  });
  await world.startControllers();
  await p.executor('e1', 5);
  const task = await p.create.task('t', { teamRef: { name: 'flows' }, executionMode: 'planned' });
  const written = {
    ...{ name: 'write', participant: 'coder', prompt: 'Write it.', dependsOn: [], when: '', forEach: '' },
    ...{ outputs: [], repeatUntil: '', maxIterations: 0, onFailure: 'Fail' },
  };
  await answers(task, 'plan', 'No.', { steps: [{ ...written, participant: 'stranger' }] });
  expect(await answers(task, 'plan-again', '', { steps: [written] })).toContain(
    'no member of the Team is "stranger"',
  );
  expect(await answers(task, 'write-0', 'written')).toBe('Write it.');
  const { status } = await p.task('t', 'COMPLETED');
  expect(status).toMatchObject({ executionMode: 'planned', result: { value: 'written' } });
});

it('runs a script with values that never become a part of it', async () => {
  await collaboration({
    steps: [
      step('plan'),
      {
        ...{ name: 'test', dependsOn: ['plan'], timeoutSeconds: 60 },
        action: {
          script: {
            run: 'make "$TARGET"',
            env: { TARGET: '{{steps.plan.value}}' },
            inputs: { all: '{{steps.plan}}' },
          },
        },
      },
    ],
  });
  await world.startControllers();
  await p.executor('e1', 5);
  const task = await p.create.task('t', { teamRef: { name: 'flows' } });
  const hostile = '"; rm -rf / #';
  await answers(task, 'plan-0', hostile);
  const { spec, metadata: found } = await p.bound(nameOf(task, 'test-1'));
  expect(spec).toMatchObject({
    timeoutSeconds: 60,
    action: {
      script: { run: 'make "$TARGET"', env: { TARGET: hostile }, inputs: { all: { value: hostile } } },
    },
  });
  await p.succeeds(found.name, 'ok');
  await p.task('t', 'COMPLETED');
});
