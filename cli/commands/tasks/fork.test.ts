import { expect, it } from 'vitest';
import type { CliTask } from '../../task.ts';
import { isAtItsEnd } from './fork.ts';

const task = (more: Partial<CliTask>): CliTask => ({
  apiVersion: 'agent.wecode.io/v1',
  kind: 'Task',
  metadata: { name: 't' },
  spec: { prompt: 'do', teamRef: { name: 't' } },
  ...more,
});

const subTasks = [{ node: 's0' }, { node: 's1' }];

it.each([
  { reason: 'the last step of a Task that is completed', step: 's1', want: true },
  { reason: 'an earlier step', step: 's0', want: false },
  { reason: 'words', step: 's1', text: 'Go on.', want: false },
  { reason: 'a Task that runs', step: 's1', status: 'RUNNING', want: false },
] as const)('a fork has nothing to do: $reason: $want', ({ step, want, ...more }) => {
  const { text, status = 'COMPLETED' } = { text: undefined, ...more };
  const forkFrom = { task: 't', step, ...(text === undefined ? {} : { text }) };
  const made = task({ spec: { prompt: 'do', teamRef: { name: 't' }, forkFrom } });
  expect(isAtItsEnd(task({ status: { status, subTasks } }), made)).toBe(want);
});
