import { describe, expect, it } from 'vitest';
import { findCondition } from '#api/machinery/condition';
import type { SandboxStatus } from '#api/types/generated/sandbox';
import type { Task } from '#api/types/generated/task';
import { line } from '../graph/made-up.ts';
import { NOW, resolved, World } from './world.ts';

const A1 = 'fix-abcde-s0-a1';
const A2 = 'fix-abcde-s0-a2';
const B1 = 'fix-abcde-s1-a1';
const world = (...names: string[]): World => new World(resolved(...line(...names.map((name) => ({ name })))));
const succeeded: { status: SandboxStatus } = {
  status: { phase: 'Succeeded', reason: 'Succeeded', finishedAt: NOW, result: { value: 'done' } },
};
const lost: { status: SandboxStatus } = {
  status: { phase: 'Failed', reason: 'ExecutorLost', message: 'why' },
};
const finished = (task: Task) => findCondition(task.status?.conditions, 'Finished');

describe('a user who may not use any longer what the Task uses', () => {
  const REFUSAL = 'User "jane", who made the Task, was deleted.';

  it('has no further step, but the end of the one that runs; the Task goes on when he may again', () => {
    const w = world('dev', 'review');
    w.settle();
    w.change(A1, { status: { phase: 'Running' } });
    w.refusal = REFUSAL;
    const running = w.settle();
    expect(running.status).toMatchObject({ status: 'RUNNING' });
    expect(finished(running)).toMatchObject({ status: 'False', reason: 'UseForbidden' });
    expect(finished(running)?.message).toBe(
      `No further step starts: ${REFUSAL} Step 1 of 2 (dev) is under way.`,
    );
    w.change(A1, succeeded);
    const held = w.settle();
    expect(held.status).toMatchObject({ status: 'RUNNING', progress: 50 });
    expect(finished(held)?.message).toBe(`No further step starts: ${REFUSAL}`);
    expect(w.names()).toEqual([A1]);
    w.refusal = undefined;
    expect(finished(w.settle())).toMatchObject({ reason: 'Running' });
    expect(w.names()).toEqual([A1, B1]);
  });

  it('has no further attempt either', () => {
    const w = world('dev');
    w.settle();
    w.refusal = REFUSAL;
    w.change(A1, lost);
    expect(finished(w.settle())).toMatchObject({ reason: 'UseForbidden' });
    expect(w.names()).toEqual([A1]);
    w.refusal = undefined;
    w.settle();
    expect(w.names()).toEqual([A1, A2]);
  });

  it('may still cancel', () => {
    const w = world('dev', 'review');
    w.settle();
    w.change(A1, succeeded);
    w.refusal = REFUSAL;
    w.settle();
    w.edit({ cancel: true });
    expect(w.settle().status).toMatchObject({ status: 'CANCELLED' });
  });

  it('has the end of a Task whose last step has ended', () => {
    const w = world('dev');
    w.settle();
    w.refusal = REFUSAL;
    w.change(A1, succeeded);
    expect(w.settle().status).toMatchObject({ status: 'COMPLETED' });
  });
});
