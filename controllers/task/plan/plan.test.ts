import { describe, expect, it } from 'vitest';
import { findCondition } from '#api/machinery/condition';
import type { SandboxStatus } from '#api/types/generated/sandbox';
import type { Task, TaskSpec } from '#api/types/generated/task';
import { isFinalTaskStatus } from '#api/types/tasks/task';
import type { Resolution } from '../configuration/resolve.ts';
import { line, node } from '../graph/made-up.ts';
import { planTask } from './plan.ts';
import { NOW, resolved, World } from './world.ts';

const world = (resolution: Resolution, spec: Partial<TaskSpec> = {}): World => new World(resolution, spec);

const A1 = 'fix-abcde-s0-a1';
const A2 = 'fix-abcde-s0-a2';
const B1 = 'fix-abcde-s1-a1';
const succeeded = (value: string): { status: SandboxStatus } => ({
  status: { phase: 'Succeeded', reason: 'Succeeded', finishedAt: NOW, result: { value } },
});
const failed = (reason: string, message = 'why'): { status: SandboxStatus } => ({
  status: { phase: 'Failed', reason, message },
});
const finished = (task: Task) => findCondition(task.status?.conditions, 'Finished');
const ready = (task: Task) => findCondition(task.status?.conditions, 'Ready');

describe('planTask', () => {
  it('waits, and says for what', () => {
    const w = world({
      outcome: 'waiting',
      reason: 'WaitingForTeam',
      message: 'spec.teamRef: Team "default/team" not found.',
    });
    const task = w.settle();
    expect(task.status).toMatchObject({ status: 'PENDING', state: 'Unavailable', progress: 0 });
    expect(ready(task)).toMatchObject({ status: 'False', reason: 'WaitingForTeam', observedGeneration: 1 });
    expect(finished(task)).toMatchObject({ status: 'False', reason: 'Pending' });
    expect(w.names()).toEqual([]);
  });

  it('fails at once what cannot be carried out', () => {
    const task = world({ outcome: 'impossible', reason: 'UnsupportedMode', message: 'no' }).settle();
    expect(task.status).toMatchObject({ status: 'FAILED', errorMessage: 'no', completedAt: NOW });
    expect(finished(task)).toMatchObject({ status: 'True', reason: 'UnsupportedMode' });
    expect(findCondition(task.status?.conditions, 'Complete')?.status).toBe('False');
  });

  it('one step: planned, started, run, completed', () => {
    const w = world(resolved(...line({ name: 'dev' })));
    const first = w.step();
    expect(first.create[0]?.metadata).toMatchObject({
      name: A1,
      labels: { 'agent.wecode.io/task': 'fix' },
      finalizers: ['agent.wecode.io/sandbox'],
      ownerReferences: [{ kind: 'Task', uid: 'abcdef-1', controller: true }],
    });
    expect(first.create[0]?.spec).toMatchObject({
      prompt: 'do it',
      step: 0,
      attempt: 1,
      timeoutSeconds: 1800,
    });
    expect(w.task().status).toMatchObject({ status: 'PENDING', currentStep: 0 });
    expect(w.task().status?.revision).toMatch(/^team-[0-9a-f]{20}$/);
    expect(w.revisions()).toEqual([w.task().status?.revision]);

    w.change(A1, { status: { phase: 'Running' } });
    expect(w.settle().status).toMatchObject({ status: 'RUNNING', progress: 0 });
    expect(ready(w.task())).toMatchObject({
      status: 'True',
      message: 'Planned one step of Team "default/team".',
    });

    w.change(A1, succeeded('done'));
    const task = w.settle();
    expect(task.status).toMatchObject({
      status: 'COMPLETED',
      progress: 100,
      result: { value: 'done', steps: [{ name: 'dev', sandbox: A1, value: 'done' }] },
      subTasks: [{ status: 'COMPLETED', executor_name: A1, bot_ids: ['dev-bot'], role: 'ASSISTANT' }],
    });
    expect(finished(task)).toMatchObject({ status: 'True', reason: 'Completed' });
    expect(findCondition(task.status?.conditions, 'Complete')?.status).toBe('True');
    expect(task.status?.conditions?.[0]?.type).toBe('Ready');
  });

  it('a pipeline passes on what the step before said', () => {
    const w = world(
      resolved(...line({ name: 'dev', prompt: 'Write.' }, { name: 'review', prompt: 'Review.' })),
    );
    w.settle();
    expect(w.sandbox(A1).spec.prompt).toBe('Write.\n\ndo it');
    w.change(A1, { status: { phase: 'Running' } });
    w.settle();
    w.change(A1, succeeded('written'));
    expect(w.settle().status).toMatchObject({ status: 'RUNNING', progress: 50, currentStep: 1 });
    expect(w.sandbox(B1).spec.prompt).toBe('Review.\n\nResult of the step before, dev:\nwritten');
    w.change(B1, succeeded('fine'));
    expect(w.settle().status).toMatchObject({ status: 'COMPLETED', result: { value: 'fine' } });
  });

  it('a stage that wants confirmation waits for spec.currentStage', () => {
    const w = world(resolved(...line({ name: 'dev', requireConfirmation: true }, { name: 'review' })));
    w.settle();
    w.change(A1, succeeded('x'));
    expect(w.settle().status).toMatchObject({ status: 'PENDING_CONFIRMATION', currentStep: 0 });
    expect(finished(w.task())?.message).toBe(
      'Step 1 of 2 (dev) has ended. Approval fix-abcde-s0-stage-1 asks whoever may approve it. ' +
        'Setting spec.currentStage to 1 confirms it, too.',
    );
    expect(w.names()).toEqual([A1]);
    w.edit({ currentStage: 1 });
    expect(w.settle().status?.status).toBe('RUNNING');
    expect(w.names()).toEqual([A1, B1]);
  });

  it('no confirmation is asked for after the last step', () => {
    const w = world(resolved(...line({ name: 'dev', requireConfirmation: true })));
    w.settle();
    w.change(A1, succeeded('x'));
    expect(w.settle().status?.status).toBe('COMPLETED');
  });

  const losses = [
    { reason: 'a lost executor', end: failed('ExecutorLost') },
    { reason: 'a lost container', end: failed('ContainerLost') },
    { reason: 'an engine that could not start it', end: failed('EngineFailed') },
  ];
  it.each(losses)('$reason means another attempt', ({ end }) => {
    const w = world(resolved(...line({ name: 'dev' })), { retryPolicy: { maxAttempts: 2 } });
    w.settle();
    w.change(A1, end);
    expect(w.settle().status).toMatchObject({
      status: 'PENDING',
      subTasks: [{ attempt: 2, executor_name: A2 }],
    });
    expect(w.names()).toEqual([A1, A2]);
    w.change(A2, end);
    const task = w.settle();
    expect(task.status?.status).toBe('FAILED');
    expect(task.status?.errorMessage).toContain('It was the last of 2 attempts.');
  });

  it('what cannot be started as it is described is not tried again', () => {
    const w = world(resolved(...line({ name: 'dev' })));
    w.settle();
    w.change(A1, failed('StartFailed'));
    expect(w.settle().status?.status).toBe('FAILED');
  });

  it("an agent's own failure ends the Task with the step and the reason", () => {
    const w = world(resolved(...line({ name: 'dev' }, { name: 'review' })));
    w.settle();
    w.change(A1, failed('CloneFailed', 'no such branch'));
    const task = w.settle();
    expect(task.status).toMatchObject({
      status: 'FAILED',
      errorMessage: 'Step 1 of 2 (dev) failed: CloneFailed: no such branch',
      subTasks: [{ status: 'FAILED', errorMessage: 'CloneFailed: no such branch' }, { status: 'CANCELLED' }],
    });
    expect(w.names()).toEqual([A1]);
  });

  it('a Sandbox that was seen and is gone is asked for before the next attempt', () => {
    const w = world(resolved(...line({ name: 'dev' })));
    w.settle();
    w.remove(A1);
    const plan = w.plan();
    expect(plan.mustBeOver).toEqual([{ name: A1 }]);
    expect(plan.create[0]?.metadata.name).toBe(A2);
  });

  it('a Sandbox that was never seen is created again under the same name', () => {
    const w = world(resolved(...line({ name: 'dev' })));
    w.step();
    w.remove(A1);
    expect(w.plan()).toMatchObject({ create: [{ metadata: { name: A1 } }], mustBeOver: [] });
  });

  it('a Sandbox that was made again before anybody saw it is the attempt, whatever uid is recorded', () => {
    const w = world(resolved(...line({ name: 'dev' })));
    w.step();
    const unseen = w.cache();
    w.remove(A1);
    w.step();
    // A controller that has the Task as it is, but the first of the two Sandboxes.
    w.step({ task: w.task(), sandboxes: unseen.sandboxes });
    expect(w.task().status?.subTasks).toMatchObject([{ sandboxUID: 'sandbox-1' }]);
    expect(w.settle().status?.subTasks).toMatchObject([{ attempt: 1, sandboxUID: 'sandbox-2' }]);
    expect(w.names()).toEqual([A1]);
  });

  it('a Sandbox without an Executor is shown in the Task', () => {
    const w = world(resolved(...line({ name: 'dev' })));
    w.settle();
    const condition = {
      type: 'Scheduled',
      status: 'False',
      reason: 'NoCapacity',
      message: 'full.',
      lastTransitionTime: NOW,
    } as const;
    w.change(A1, { status: { phase: 'Pending', conditions: [condition] } });
    expect(finished(w.settle())).toMatchObject({
      reason: 'Unschedulable',
      message: 'Step 1 of 1 (dev) waits: full.',
    });
  });

  describe('cancel', () => {
    it('before the plan ends at once', () => {
      const w = world({ outcome: 'waiting', reason: 'WaitingForTeam', message: 'x' }, { cancel: true });
      expect(w.settle().status?.status).toBe('CANCELLED');
    });

    it('stops the running step and waits for its end', () => {
      const w = world(resolved(...line({ name: 'dev' }, { name: 'review' })));
      w.settle();
      w.edit({ cancel: true });
      expect(w.settle().status?.status).toBe('CANCELLING');
      expect(w.sandbox(A1).spec.cancel).toBe(true);
      w.change(A1, { status: { phase: 'Cancelled', reason: 'Cancelled' } });
      expect(w.settle().status).toMatchObject({
        status: 'CANCELLED',
        subTasks: [{ status: 'CANCELLED' }, {}],
      });
      expect(w.names()).toEqual([A1]);
    });

    it('does not start the next step when the running one ends well', () => {
      const w = world(resolved(...line({ name: 'dev' }, { name: 'review' })));
      w.settle();
      w.edit({ cancel: true });
      w.settle();
      w.change(A1, succeeded('x'));
      expect(w.settle().status?.status).toBe('CANCELLED');
      expect(w.names()).toEqual([A1]);
    });

    it('comes too late for a Task whose steps have all ended', () => {
      const w = world(resolved(...line({ name: 'dev' })));
      w.settle();
      w.change(A1, succeeded('x'));
      w.edit({ cancel: true });
      expect(w.settle().status?.status).toBe('COMPLETED');
    });

    it('stops a Sandbox left over from a lost race with the end of the Task', () => {
      const w = world(resolved(...line({ name: 'dev' })));
      w.step();
      w.remove(A1);
      w.edit({ cancel: true });
      const plan = w.plan();
      expect(plan.mustBeOver).toEqual([{ name: A1 }]);
      expect(plan.status?.status).toBe('CANCELLED');
    });
  });

  it('the plan was taken once: a later answer of the references changes nothing', () => {
    const w = world(resolved(...line({ name: 'dev' })));
    w.settle();
    const task = w.task();
    w.resolution = { outcome: 'waiting', reason: 'WaitingForTeam', message: 'must not be asked' };
    expect(w.plan().status).toEqual(task.status);
  });

  describe('a TaskRevision that is not there', () => {
    const two = resolved(...line({ name: 'dev' }, { name: 'review' }));
    const changed = resolved(...line({ name: 'dev', prompt: 'otherwise' }, { name: 'review' }));
    const missing: Resolution = { outcome: 'waiting', reason: 'WaitingForTeam', message: 'no Team.' };

    it('is made again for the next step while the configuration is the same', () => {
      const w = world(two);
      w.settle();
      w.removeRevisions();
      w.change(A1, succeeded('x'));
      w.settle();
      expect(w.revisions()).toEqual([w.task().status?.revision]);
      expect(w.names()).toContain(B1);
    });

    it('of a Task that has not begun gives way to the configuration as it is now', () => {
      const w = world(two);
      w.step(w.cache(), 'status');
      const before = w.task().status?.revision;
      w.resolution = changed;
      w.settle();
      expect(w.task().status?.revision).not.toBe(before);
      expect(w.revisions()).toEqual([w.task().status?.revision]);
      expect(w.sandbox(A1).spec.prompt).toContain('otherwise');
    });

    it.each([
      ['the configuration has changed', changed],
      ['the Team is gone', missing],
    ])('ends a Task that has begun when %s, once nothing runs', (_why, resolution) => {
      const w = world(two);
      w.settle();
      w.removeRevisions();
      w.resolution = resolution;
      expect(w.step()).toMatchObject({ create: [], cancel: [{ metadata: { name: A1 } }] });
      expect(isFinalTaskStatus(w.task().status?.status)).toBe(false);
      w.change(A1, { status: { phase: 'Cancelled' } });
      expect(w.settle().status).toMatchObject({
        status: 'FAILED',
        errorMessage: expect.stringContaining('RevisionMissing'),
      });
    });
  });

  it('a Task that an older version took up goes on where it was', () => {
    const shell = { type: 'ClaudeCode' };
    const step = (name: string) => ({
      ...{ name, contextPassing: 'original_and_previous', requireConfirmation: false, usesWorkspace: true },
      ...{ shell, agent: { botName: name } },
    });
    const task: Task = {
      apiVersion: 'agent.wecode.io/v1',
      kind: 'Task',
      metadata: { name: 'fix', namespace: 'default', uid: 'abcdef-1', generation: 1 },
      spec: { prompt: 'changed since', teamRef: { name: 'team' } },
      status: {
        status: 'RUNNING',
        snapshot: {
          ...{ hash: 'sha256:0', takenAt: NOW, teamRef: { name: 'team' }, mode: 'pipeline', prompt: 'do it' },
          workspace: { ref: { name: 'w' }, gitUrl: 'u', branchName: 'main' },
          steps: [step('dev'), step('review')],
        },
        subTasks: [
          {
            title: 'dev',
            status: 'COMPLETED',
            attempt: 1,
            executor_name: A1,
            sandboxUID: 'u1',
            result: { value: 'x' },
          },
          { title: 'review', status: 'PENDING' },
        ],
      },
    };
    const { status, create } = planTask({
      task,
      sandboxes: [],
      taskRevision: undefined,
      approvals: [],
      resolve: () => {
        throw new Error('must not be asked');
      },
      programs: {},
      now: NOW,
    });
    expect(status?.snapshot).toBe(task.status?.snapshot);
    expect(status?.subTasks).toMatchObject([
      { node: 's0', title: 'dev', status: 'COMPLETED', executor_name: A1 },
      { node: 's1', title: 'review', status: 'PENDING', attempt: 1, executor_name: B1 },
    ]);
    expect(create).toMatchObject([
      {
        metadata: { name: B1 },
        spec: {
          node: 's1',
          step: 1,
          prompt: 'do it\n\nResult of the step before, dev:\nx',
          workspace: { workBranch: 'troupe/fix' },
          continueFrom: [{ name: A1, uid: 'u1' }],
        },
      },
    ]);
  });

  it('an attempt goes on with the files of the ones before', () => {
    const w = world(resolved(...line({ name: 'dev' })));
    w.settle();
    w.change(A1, failed('ContainerLost'));
    w.settle();
    expect(w.sandbox(A2).spec.continueFrom).toEqual([{ name: A1, uid: 'sandbox-1' }]);
  });

  it('a live Sandbox of an attempt that is over is stopped', () => {
    const w = world(resolved(node('a'), node('b')));
    w.settle();
    const left = w.sandbox('fix-abcde-a-a1');
    w.change('fix-abcde-a-a1', failed('ContainerLost'));
    w.settle();
    const { cancel } = w.plan({ task: w.task(), sandboxes: [left, w.sandbox('fix-abcde-a-a2')] });
    expect(cancel.map(({ metadata }) => metadata.name)).toEqual(['fix-abcde-a-a1']);
  });
});
