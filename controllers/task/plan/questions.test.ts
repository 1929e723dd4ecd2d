import { expect, it } from 'vitest';
import { findCondition } from '#api/machinery/condition';
import type { Task } from '#api/types/generated/task';
import { line } from '../graph/made-up.ts';
import { PlanConflict, resolved, World } from './world.ts';

const A1 = 'fix-abcde-s0-a1';
const A2 = 'fix-abcde-s0-a2';
const finished = (task: Task) => findCondition(task.status?.conditions, 'Finished');

it('a run that asks is given the answer, and one that ended with a question goes on when there is one', () => {
  const w = new World(resolved(...line({ name: 'dev' })), { retryPolicy: { maxAttempts: 1 } });
  w.settle();
  const question = { id: 'q1', kind: 'Permission' as const, message: 'May I?', tool: 'Bash' };
  w.change(A1, { status: { phase: 'Running', questions: [question] } });
  expect(w.settle().status).toMatchObject({
    status: 'PENDING_CONFIRMATION',
    questions: [{ node: 's0', ...question }],
  });
  expect(finished(w.task())?.message).toBe(
    'Step 1 of 1 (dev) asks (q1): May I? Approval fix-abcde-question-c75de8c1b7 asks whoever may approve it.',
  );
  w.edit({ answers: [{ id: 'q1', decision: 'deny' }] });
  expect(w.settle().status?.questions).toBeUndefined();
  expect(w.task().status?.status).toBe('RUNNING');
  expect(w.sandbox(A1).spec.answers).toEqual([{ id: 'q1', decision: 'deny', question }]);

  const second = { ...question, id: 'q2' };
  const usage = { inputTokens: 5, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0 };
  w.change(A1, {
    status: { phase: 'Suspended', questions: [second], result: { value: '', sessionId: 's', usage } },
  });
  expect(w.settle().status).toMatchObject({ status: 'PENDING_CONFIRMATION', questions: [{ id: 'q2' }] });
  expect(finished(w.task())).toMatchObject({ status: 'False', reason: 'WaitingForAnswer' });
  w.remove(A1);
  expect(w.settle().status?.status, 'the Sandbox is not needed').toBe('PENDING_CONFIRMATION');
  w.answerAll();
  expect(w.settle().status?.status).toBe('PENDING');
  expect(w.sandbox(A2).spec).toMatchObject({
    session: { id: 's' },
    answers: [{ id: 'q2', decision: 'allow', question: second }],
    continueFrom: [{ name: A1 }],
  });
  w.change(A2, { status: { phase: 'Failed', reason: 'AgentFailed', result: { value: '', usage } } });
  expect(w.settle().status, 'usage counts whatever the end').toMatchObject({
    status: 'FAILED',
    result: { usage: { inputTokens: 10 } },
    subTasks: [{ result: { usage: { inputTokens: 10 } } }],
  });
});

it('a run whose Task is cancelled while a person is asked is cancelled too; one that was gone on with is not', () => {
  const w = new World(resolved(...line({ name: 'dev' })), { retryPolicy: { maxAttempts: 1 } });
  w.settle();
  const question = { id: 'q1', kind: 'Permission' as const, message: 'May I?', tool: 'Bash' };
  const suspended = { phase: 'Suspended' as const, questions: [question] };
  w.change(A1, { status: suspended });
  w.settle();
  w.answerAll();
  w.settle();
  w.change(A2, { status: { ...suspended, questions: [{ ...question, id: 'q2' }] } });
  w.settle();
  w.edit({ cancel: true });
  expect(w.settle().status?.status).toBe('CANCELLED');
  expect(w.sandbox(A2).spec.cancel).toBe(true);
  expect(w.sandbox(A1).spec.cancel).not.toBe(true);
});

it('a run that asked and was removed is taken for over only when it was not made again meanwhile', () => {
  const w = new World(resolved(...line({ name: 'dev' })));
  w.step();
  const question = { id: 'q1', kind: 'Permission' as const, message: 'May I?', tool: 'Bash' };
  w.change(A1, { status: { phase: 'Suspended', questions: [question] } });
  const { sandboxes } = w.cache();
  w.remove(A1);
  // Nobody had seen it, so another controller makes it again.
  w.step();
  const lagging = { task: w.task(), sandboxes };
  expect(() => w.step(lagging)).toThrow(PlanConflict);
  w.refusal = 'The user is gone.';
  expect(() => w.step(lagging), 'nor while nothing may start').toThrow(PlanConflict);
  w.refusal = undefined;
  w.edit({ cancel: true });
  expect(() => w.step({ task: w.task(), sandboxes }), 'nor while all is cancelled').toThrow(PlanConflict);
});

it('what a step had to do without is told in a condition of the Task', () => {
  const w = new World(resolved(...line({ name: 'dev' }, { name: 'review' })));
  w.settle();
  const warnings = ['The MCP server x did not start: exit code 1.'];
  w.change(A1, { status: { phase: 'Succeeded', reason: 'Succeeded', result: { value: 'x', warnings } } });
  w.settle();
  expect(findCondition(w.task().status?.conditions, 'Degraded')).toMatchObject({
    status: 'True',
    reason: 'StepsWarned',
    message: 'Step 1 of 2 (dev): The MCP server x did not start: exit code 1.',
  });
});

it('an agent may ask more often than a Sandbox may have sources of its files', () => {
  const w = new World(resolved(...line({ name: 'dev' })));
  w.settle();
  for (let asked = 1; asked <= 20; asked += 1) {
    const questions = [{ id: `q${asked}`, kind: 'Permission' as const, message: 'May I?' }];
    w.change(`fix-abcde-s0-a${asked}`, {
      status: { phase: 'Suspended', questions, result: { sessionId: 's' } },
    });
    w.settle();
    w.answerAll();
    w.settle();
  }
  const { continueFrom = [] } = w.sandbox('fix-abcde-s0-a21').spec;
  expect(continueFrom[0]?.name).toBe('fix-abcde-s0-a20');
  expect(continueFrom.length, 'and one of the node before').toBeLessThan(16);
});
