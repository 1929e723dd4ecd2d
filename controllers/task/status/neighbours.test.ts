import { describe, expect, it } from 'vitest';
import type { Task, TaskStatus } from '#api/types/generated/task';
import { neighbourEvents, workspaceAtWork } from './neighbours.ts';

const task = (name: string, status: TaskStatus = { status: 'RUNNING', revision: 'r' }): Task => ({
  apiVersion: 'agent.wecode.io/v1',
  kind: 'Task',
  metadata: { name, namespace: 'ns', uid: `uid-${name}` },
  spec: { prompt: 'p', teamRef: { name: 't' }, workspaceRef: { name: 'w' } },
  status,
});

describe('workspaceAtWork', () => {
  it.each([
    { reason: 'under way', of: task('a'), want: 'ns/w' },
    { reason: 'not started', of: task('a', { status: 'PENDING' }), want: undefined },
    { reason: 'over', of: task('a', { status: 'COMPLETED', revision: 'r' }), want: undefined },
    {
      reason: 'without a Workspace',
      of: { ...task('a'), spec: { prompt: 'p', teamRef: { name: 't' } } },
      want: undefined,
    },
    {
      reason: 'with one of another namespace',
      of: { ...task('a'), spec: { ...task('a').spec, workspaceRef: { name: 'w', namespace: 'other' } } },
      want: 'other/w',
    },
  ])('a Task $reason', ({ of, want }) => expect(workspaceAtWork(of)).toBe(want));
});

describe('neighbourEvents', () => {
  const told = (others: Task[]) =>
    neighbourEvents(task('new'), others).map(({ about, event }) => [about.metadata.name, event.message]);

  it('says nothing to a Task that is alone', () => expect(told([task('new')])).toEqual([]));

  it('tells both', () => {
    const rest = 'in the same Workspace, too; each Task has a branch of its own for its work.';
    expect(told([task('new'), task('old')])).toEqual([
      ['new', `Task ns/old works ${rest}`],
      ['old', `Task ns/new works ${rest}`],
    ]);
  });

  it('tells a few of many', () => {
    const all = told(Array.from({ length: 14 }, (_, index) => task(`t${index}`)));
    expect(all).toHaveLength(11);
    expect(all[0]?.[1]).toContain('Task ns/t9 and 4 more work in');
  });
});
