import { describe, expect, it } from 'vitest';
import type { TaskStatus } from '#api/types/generated/task';
import { taskNotReady, taskReady } from '#api/types/task';
import { taskEvents } from './events.ts';

const waiting: TaskStatus = {
  status: 'PENDING',
  conditions: [{ ...taskNotReady('WaitingForTeam', 'no Team.'), lastTransitionTime: '' }],
};
const planned: TaskStatus = {
  status: 'PENDING',
  revision: 'team-0',
  conditions: [{ ...taskReady('Planned one step.'), lastTransitionTime: '' }],
  subTasks: [{ title: 'dev', status: 'PENDING', attempt: 1, executor_name: 's-a1' }],
};
const retried: TaskStatus = {
  ...planned,
  subTasks: [{ title: 'dev', status: 'PENDING', attempt: 2, executor_name: 's-a2' }],
};
const completed: TaskStatus = {
  ...planned,
  status: 'COMPLETED',
  message: 'The step has succeeded.',
  subTasks: [{ title: 'dev', status: 'COMPLETED', attempt: 1, executor_name: 's-a1' }],
};

describe('taskEvents', () => {
  const cases: { reason: string; before?: TaskStatus; after: TaskStatus; want: string[] }[] = [
    { reason: 'it waits', before: waiting, after: waiting, want: [] },
    {
      reason: 'it was planned',
      before: waiting,
      after: planned,
      want: ['Normal TaskStarted Planned one step.'],
    },
    {
      reason: 'a Sandbox was lost',
      before: planned,
      after: retried,
      want: ['Warning StepRetried Step "dev" lost Sandbox s-a1; attempt 2 follows.'],
    },
    {
      reason: 'it ended',
      before: planned,
      after: completed,
      want: [
        'Normal StepFinished Step "dev" succeeded in Sandbox s-a1.',
        'Normal TaskCompleted The step has succeeded.',
      ],
    },
    {
      reason: 'one failed while others are being stopped',
      before: planned,
      after: {
        ...planned,
        status: 'RUNNING',
        subTasks: [{ title: 'dev', status: 'FAILED', attempt: 1, errorMessage: 'AgentFailed: why' }],
      },
      want: ['Warning StepFailed Step "dev" failed: AgentFailed: why'],
    },
    {
      reason: 'it failed',
      before: planned,
      after: { ...planned, status: 'FAILED', message: 'why' },
      want: ['Warning TaskFailed why'],
    },
  ];
  it.each(cases)('$reason', ({ before, after, want }) => {
    expect(
      taskEvents(before, after).map(({ type, reason, message }) => `${type} ${reason} ${message}`),
    ).toEqual(want);
  });
});
