import { expect, it } from 'vitest';
import type { Task, TaskSpec } from '#api/types/generated/task';
import type { NodeRecord } from '../node-record.ts';
import type { Revision } from '../revision/revision.ts';
import { schedulingOf } from './scheduling.ts';

const revision: Revision = { teamRef: { name: 't' }, mode: 'solo', nodes: [] };

function task(spec: Partial<TaskSpec>): Task {
  return {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Task',
    metadata: { name: 't' },
    spec: { prompt: 'p', teamRef: { name: 't' }, ...spec },
  };
}

it.each([
  { reason: 'nothing is said', want: {} },
  { reason: 'high', spec: { priority: 'high' }, want: { priority: 1000 } },
  { reason: 'medium', spec: { priority: 'medium' }, want: {} },
  { reason: 'low', spec: { priority: 'low' }, want: { priority: -1000 } },
  { reason: 'a number', spec: { priority: 7 }, want: { priority: 7 } },
  { reason: 'its user', spec: { user: { name: 'ann' } }, want: { userName: 'ann' } },
  { reason: 'a person waits for the Task', spec: { interactive: true }, want: { interactive: true } },
  { reason: 'a person has answered', record: { resumes: { questions: [] } }, want: { interactive: true } },
  { reason: 'a person has sent a message', node: { message: 'm' }, want: { interactive: true } },
  {
    reason: 'all demands together, the special before the general',
    node: {
      placement: { executorSelector: { gpu: 'a100', arch: 'arm64' }, tolerations: [{ key: 'shell' }] },
    },
    placement: { executorSelector: { gpu: 'h100' } },
    spec: { executorSelector: { zone: 'x' }, tolerations: [{ key: 'task' }] },
    want: {
      executorSelector: { gpu: 'h100', arch: 'arm64', zone: 'x' },
      tolerations: [{ key: 'shell' }, { key: 'task' }],
    },
  },
] as {
  reason: string;
  spec?: Partial<TaskSpec>;
  node?: Parameters<typeof schedulingOf>[1]['node'];
  record?: Partial<NodeRecord>;
  placement?: Revision['placement'];
  want: object;
}[])('$reason', ({ spec = {}, node = {}, record = {}, placement, want }) => {
  const sources = { task: task(spec), revision: { ...revision, ...(placement && { placement }) } };
  const noted = { node: 's0', status: 'PENDING', ...record } as NodeRecord;
  expect(schedulingOf(sources, { node, record: noted })).toEqual(want);
});
