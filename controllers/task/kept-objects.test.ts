import { describe, expect, it } from 'vitest';
import type { Sandbox, SandboxSpec, SandboxStatus } from '#api/types/generated/sandbox';
import type { Task, TaskSpec, TaskStatus } from '#api/types/generated/task';
import { isAtRest } from '#api/types/tasks/task';
import { namedRevision } from '#api/types/tasks/task-revision';
import { keptSandbox, keptTask } from './kept-objects.ts';
import { readRecords } from './node-record.ts';

const LONG = 'word '.repeat(1000);

const ENDED: TaskStatus = {
  status: 'COMPLETED',
  revision: 'team-1',
  result: { value: LONG },
  conditions: [{ type: 'Finished', status: 'True', reason: 'R', message: LONG, lastTransitionTime: 't' }],
  subTasks: [{ node: 's0', executor_name: 'sandbox', status: 'COMPLETED', result: { value: LONG } }],
  messages: [{ id: 'm', state: 'Applied' }],
  retries: ['r'],
};

function task(spec: Partial<TaskSpec> = {}, status: TaskStatus = ENDED): Task {
  return {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Task',
    metadata: { name: 't', namespace: 'ns', uid: 'u' },
    spec: { prompt: LONG, teamRef: { name: 'team' }, ...spec },
    status,
  };
}

const message = (id: string) => ({ id, number: 1, text: LONG, policy: 'Queue' as const });

describe('keptTask', () => {
  it.each([
    { reason: 'one that has not ended', of: task({}, { ...ENDED, status: 'RUNNING' }) },
    { reason: 'one that a message takes up again', of: task({ messages: [message('new')] }) },
    { reason: 'one that is to run a step again', of: task({ retries: [{ id: 'new' }] }) },
    { reason: 'one whose end is told', of: task({ callback: { url: 'https://a.example' } }) },
  ])('keeps all of $reason', ({ of }) => expect(keptTask(of)).toBe(of));

  it('keeps of one at rest what controllers ask about it, and none of its texts', () => {
    const whole = task({ messages: [message('m')], retries: [{ id: 'r' }] });
    const kept = keptTask(whole);
    expect(isAtRest(kept)).toBe(true);
    expect(namedRevision(kept)).toEqual(namedRevision(whole));
    expect(kept.metadata).toEqual(whole.metadata);
    expect(readRecords(kept.status)).toEqual([{ node: 's0', executor_name: 'sandbox', status: 'COMPLETED' }]);
    expect(JSON.stringify(kept)).not.toContain(LONG);
    expect(keptTask(kept)).toEqual(kept);
  });
});

function sandbox(phase: NonNullable<SandboxStatus['phase']>, spec: Partial<SandboxSpec> = {}): Sandbox {
  const skills = [{ name: 'x', namespace: 'ns', contentHash: 'sha256:1' }];
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Sandbox',
    metadata: { name: 's', namespace: 'ns' },
    spec: {
      taskRef: { name: 't', uid: 'u' },
      timeoutSeconds: 1,
      prompt: LONG,
      agent: { botName: 'b', systemPrompt: LONG, skills },
      ...spec,
    },
    status: { phase, result: { value: 'the answer' } },
  };
}

describe('keptSandbox', () => {
  it('keeps all of one that has not ended', () => {
    const running = sandbox('Running');
    expect(keptSandbox(running)).toBe(running);
  });

  it('keeps of one that has ended its answer and its skills, and nothing that the agent was told', () => {
    const whole = sandbox('Succeeded', { executorName: 'e', cancel: true });
    const kept = keptSandbox(whole);
    expect(kept.status).toBe(whole.status);
    expect(kept.spec).toEqual({
      ...{ taskRef: whole.spec.taskRef, timeoutSeconds: 1, executorName: 'e', cancel: true },
      agent: { botName: 'b', skills: whole.spec.agent?.skills },
    });
  });
});
