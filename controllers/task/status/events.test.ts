import { describe, expect, it } from 'vitest';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { TaskStatus } from '#api/types/generated/task';
import { taskNotReady, taskReady } from '#api/types/tasks/task';
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

const placed = (reason: string, message: string): TaskStatus => ({
  ...planned,
  conditions: [
    ...(planned.conditions ?? []),
    { type: 'Scheduled', status: 'False', reason, message, lastTransitionTime: '' },
  ],
});

describe('taskEvents', () => {
  const cases: {
    reason: string;
    before?: TaskStatus;
    after: TaskStatus;
    sandboxes?: Sandbox[];
    want: string[];
  }[] = [
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
      reason: 'it is tried again later, whether or not the failure ends with a full stop',
      before: planned,
      after: {
        ...planned,
        subTasks: [{ ...planned.subTasks?.[0], errorMessage: 'ModelError: 401: not now', retryAt: 'T1' }],
      },
      want: ['Warning StepFailed Step "dev" failed: ModelError: 401: not now. Attempt 2 follows at T1.'],
    },
    {
      reason: 'a Sandbox was drained',
      before: planned,
      after: retried,
      sandboxes: [
        {
          apiVersion: 'agent.wecode.io/v1alpha1',
          kind: 'Sandbox',
          metadata: { name: 's-a1' },
          spec: { disruption: 'Drained' },
        } as Sandbox,
      ],
      want: ['Normal StepRetried Step "dev": Sandbox s-a1 was drained; attempt 2 follows.'],
    },
    {
      reason: 'there is no room',
      before: placed('Starting', 'Runs are being created.'),
      after: placed('NoExecutor', 'There is no Executor.'),
      want: ['Warning FailedScheduling There is no Executor.'],
    },
    { reason: 'a place is looked for', before: planned, after: placed('Starting', 'Created.'), want: [] },
    {
      reason: 'there is no room still',
      before: placed('NoExecutor', 'There is no Executor.'),
      after: { ...placed('NoExecutor', 'There is no Executor.'), progress: 1 },
      want: [],
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
      reason: 'a wish was rejected',
      before: { ...completed, rejectedRetries: [{ id: 'a', message: 'Told before.' }] },
      after: {
        ...completed,
        rejectedRetries: [
          { id: 'a', message: 'Told before.' },
          { id: 'b', message: 'The Task has no step "b".' },
        ],
      },
      want: ['Warning RetryRejected The Task has no step "b".'],
    },
    {
      reason: 'a step without a Sandbox ended',
      before: { ...planned, subTasks: [{ title: 'gate', status: 'RUNNING', attempt: 1 }] },
      after: { ...planned, subTasks: [{ title: 'gate', status: 'COMPLETED', attempt: 1 }] },
      want: ['Normal StepFinished Step "gate" succeeded.'],
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
  it.each(cases)('$reason', ({ before, after, sandboxes, want }) => {
    expect(
      taskEvents(before, after, sandboxes).map(({ type, reason, message }) => `${type} ${reason} ${message}`),
    ).toEqual(want);
  });
});
