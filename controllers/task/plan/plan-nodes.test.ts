import { describe, expect, it } from 'vitest';
import { findCondition } from '#api/machinery/condition';
import type { SandboxStatus } from '#api/types/generated/sandbox';
import type { Task, TaskSpec, TaskStatus } from '#api/types/generated/task';
import type { Resolution } from '../configuration/resolve.ts';
import type { RunNode } from '../graph/graph.ts';
import { node } from '../graph/made-up.ts';
import { planTask } from './plan.ts';
import { NOW, resolved, World } from './world.ts';

const succeeded = (value: string): { status: SandboxStatus } => ({
  status: { phase: 'Succeeded', reason: 'Succeeded', finishedAt: NOW, result: { value } },
});
const failed = (reason: string): { status: SandboxStatus } => ({
  status: { phase: 'Failed', reason, message: 'why' },
});
const finished = (task: Task) => findCondition(task.status?.conditions, 'Finished');

/** `a`, then `b` beside `c`, then `d`. */
const diamond = (more: Partial<RunNode> = {}): Resolution =>
  resolved(
    node('a'),
    node('b', { needs: ['a'], ...more }),
    node('c', { needs: ['a'] }),
    node('d', {
      needs: ['b', 'c'],
      inputs: {
        taskPrompt: false,
        results: [
          { from: 'b', label: 'B' },
          { from: 'c', label: 'C' },
        ],
      },
    }),
  );
const nameOf = (id: string, attempt = 1): string => `fix-abcde-${id}-a${attempt}`;

describe('planTask for nodes side by side', () => {
  function begun(resolution: Resolution, spec: Partial<TaskSpec> = {}): World {
    const w = new World(resolution, spec);
    w.settle();
    w.change(nameOf('a'), succeeded('A'));
    w.settle();
    return w;
  }

  it('starts all that is ready, and what needs both when both are done', () => {
    const w = begun(diamond());
    expect(w.names()).toEqual([nameOf('a'), nameOf('b'), nameOf('c')]);
    expect(finished(w.task())?.message).toBe('Step 2 of 4 (b) is starting. Step 3 of 4 (c) is starting.');
    w.change(nameOf('c'), succeeded('C!'));
    expect(w.settle().status).toMatchObject({ status: 'RUNNING', progress: 50, currentStep: 1 });
    expect(w.names()).toHaveLength(3);
    w.change(nameOf('b'), succeeded('B!'));
    expect(w.settle().status).toMatchObject({ progress: 75, currentStep: 3 });
    expect(w.sandbox(nameOf('d')).spec.prompt).toBe('B:\nB!\n\nC:\nC!');
    w.change(nameOf('d'), succeeded('D'));
    expect(w.settle().status).toMatchObject({
      status: 'COMPLETED',
      result: { value: 'D', steps: [{ name: 'a' }, { name: 'b' }, { name: 'c' }, { name: 'd' }] },
    });
  });

  it('the answers of several last nodes come together in the order of the nodes', () => {
    const w = new World(resolved(node('a'), node('b')));
    w.settle();
    w.change(nameOf('b'), succeeded('second'));
    w.settle();
    w.change(nameOf('a'), succeeded('first'));
    expect(w.settle().status).toMatchObject({ status: 'COMPLETED', result: { value: 'first\n\nsecond' } });
  });

  it('the loss of one is tried again while the other goes on', () => {
    const w = begun(diamond());
    w.change(nameOf('b'), failed('ExecutorLost'));
    w.settle();
    expect(w.names()).toContain(nameOf('b', 2));
    expect(w.sandbox(nameOf('c')).spec.cancel).toBeUndefined();
  });

  it('the failure of one stops the others, and ends the Task when they have ended', () => {
    const w = begun(diamond());
    w.change(nameOf('c'), failed('AgentFailed'));
    const failing = w.settle();
    expect(failing.status).toMatchObject({ status: 'RUNNING', currentStep: 2 });
    expect(finished(failing)).toMatchObject({
      reason: 'Failing',
      message: 'Step 2 of 4 (b) is being stopped. Step 3 of 4 (c) failed: AgentFailed: why',
    });
    expect(w.sandbox(nameOf('b')).spec.cancel).toBe(true);
    w.change(nameOf('b'), { status: { phase: 'Cancelled', reason: 'Cancelled' } });
    expect(w.settle().status).toMatchObject({
      status: 'FAILED',
      errorMessage: 'Step 3 of 4 (c) failed: AgentFailed: why',
      subTasks: [
        { status: 'COMPLETED' },
        { status: 'CANCELLED' },
        { status: 'FAILED' },
        { status: 'CANCELLED' },
      ],
    });
    expect(w.names()).toHaveLength(3);
  });

  it('a cancel after a failure changes nothing: it has failed', () => {
    const w = begun(diamond());
    w.change(nameOf('c'), failed('AgentFailed'));
    w.settle();
    w.edit({ cancel: true });
    w.change(nameOf('b'), failed('AgentFailed'));
    expect(w.settle().status).toMatchObject({ status: 'FAILED' });
  });

  it('a failure that may be passed over is, without its answer', () => {
    const w = begun(diamond({ policy: { requireConfirmation: false, onFailure: 'Continue' } }));
    w.change(nameOf('b'), failed('AgentFailed'));
    w.change(nameOf('c'), succeeded('C!'));
    w.settle();
    expect(w.sandbox(nameOf('d')).spec.prompt).toBe('C:\nC!');
    w.change(nameOf('d'), succeeded('D'));
    expect(w.settle().status).toMatchObject({
      status: 'COMPLETED',
      progress: 100,
      message: 'All steps have ended, 1 of 4 with a failure.',
    });
  });

  it('a node may have a number of attempts of its own', () => {
    const policy = { requireConfirmation: false, onFailure: 'FailTask', maxAttempts: 1 } as const;
    const w = new World(resolved(node('a', { policy })), { retryPolicy: { maxAttempts: 5 } });
    w.settle();
    w.change(nameOf('a'), failed('ExecutorLost'));
    expect(w.settle().status?.errorMessage).toContain('It was the only attempt.');
  });

  it('cancel stops all that run and waits for all', () => {
    const w = begun(diamond());
    w.edit({ cancel: true });
    w.settle();
    expect([w.sandbox(nameOf('b')).spec.cancel, w.sandbox(nameOf('c')).spec.cancel]).toEqual([true, true]);
    w.change(nameOf('b'), succeeded('x'));
    expect(w.settle().status?.status).toBe('CANCELLING');
    w.change(nameOf('c'), { status: { phase: 'Cancelled' } });
    expect(w.settle().status).toMatchObject({
      status: 'CANCELLED',
      message: 'Cancelled on request.',
      subTasks: [
        { status: 'COMPLETED' },
        { status: 'COMPLETED' },
        { status: 'CANCELLED' },
        { status: 'CANCELLED' },
      ],
    });
  });

  it('a Sandbox that was cancelled by itself ends the Task when the others have ended', () => {
    const w = begun(diamond());
    w.change(nameOf('c'), { status: { phase: 'Cancelled' } });
    expect(w.settle().status?.status).toBe('CANCELLING');
    w.change(nameOf('b'), { status: { phase: 'Cancelled' } });
    expect(w.settle().status).toMatchObject({ status: 'CANCELLED', message: 'Step 2 was cancelled.' });
  });

  it('a confirmation holds up only what needs the node', () => {
    const w = begun(diamond({ policy: { requireConfirmation: true, onFailure: 'FailTask' } }));
    w.change(nameOf('b'), succeeded('B!'));
    expect(w.settle().status?.status).toBe('RUNNING');
    w.change(nameOf('c'), succeeded('C!'));
    expect(w.settle().status).toMatchObject({
      status: 'PENDING_CONFIRMATION',
      currentStep: 1,
      message: expect.stringMatching(
        /^Step 2 of 4 \(b\) has ended\. .* Setting spec\.currentStage to 2 confirms it/,
      ),
    });
    w.edit({ currentStage: 2 });
    w.settle();
    expect(w.names()).toContain(nameOf('d'));
  });

  it('a Sandbox that the server does not take fails its node, and the others are stopped', () => {
    const w = begun(diamond());
    w.remove(nameOf('c'));
    const task = w.task();
    const subTasks = task.status?.subTasks?.map((record) => Object.assign({}, record));
    delete subTasks?.[2]?.['sandboxUID'];
    const plan = planTask({
      task: { ...task, status: { ...task.status, subTasks } as TaskStatus },
      sandboxes: w.cache().sandboxes,
      taskRevision: undefined,
      approvals: [],
      resolve: () => diamond(),
      programs: {},
      now: NOW,
      rejection: { node: 'c', message: 'too long' },
    });
    expect(plan.create).toEqual([]);
    expect(plan.cancel.map(({ metadata }) => metadata.name)).toEqual([nameOf('b')]);
    expect(plan.status?.subTasks?.[2]).toMatchObject({
      status: 'FAILED',
      errorMessage: 'SandboxRefused: too long',
    });
  });
});
