import { describe, expect, it } from 'vitest';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { Task, TaskStatus } from '#api/types/generated/task';
import type { NodeRecord } from '../node-record.ts';
import { brokenByWrite, stuck } from './invariants.ts';

/** Each promise is seen to be broken. */

const task = (status: TaskStatus): Task => ({
  ...{ apiVersion: 'agent.wecode.io/v1', kind: 'Task', metadata: { name: 'fix' } },
  spec: { prompt: 'do it', teamRef: { name: 'team' } },
  status: { status: 'RUNNING', progress: 50, message: 'Works.', subTasks: records(), ...status },
});

function records(first: Partial<NodeRecord> = {}, second: Partial<NodeRecord> = {}): NodeRecord[] {
  return [
    { node: 'a', status: 'COMPLETED', attempt: 1, ...first },
    { node: 'b', status: 'RUNNING', attempt: 2, ...second },
  ];
}

describe('a write that breaks a promise', () => {
  const cases: { reason: string; to: TaskStatus; from?: TaskStatus; finds: string }[] = [
    {
      reason: 'an end that is undone',
      from: { status: 'COMPLETED' },
      to: {},
      finds: 'COMPLETED became RUNNING',
    },
    { reason: 'a step back', to: { progress: 49 }, finds: 'progress went back' },
    {
      reason: 'a record that is lost',
      to: { subTasks: records().slice(1) },
      finds: 'the record of a is gone',
    },
    {
      reason: 'an end of a node that is undone',
      to: { subTasks: records({ status: 'RUNNING' }) },
      finds: 'the record of a changed after its end',
    },
    {
      reason: 'an attempt that is made again',
      to: { subTasks: records({}, { attempt: 1 }) },
      finds: 'the attempts at b went back',
    },
    {
      reason: 'an attempt that nobody made',
      to: { subTasks: records({}, { attempt: 4 }) },
      finds: 'an attempt at b was left out',
    },
    {
      reason: 'another order',
      to: { subTasks: records().toReversed() },
      finds: 'the order of the records changed',
    },
    { reason: 'no word', to: { message: '' }, finds: 'the Task says nothing about how it stands' },
    {
      reason: 'a failure without a cause',
      to: { status: 'FAILED' },
      finds: 'the Task failed and does not say why',
    },
    {
      reason: 'a failed node without a cause',
      to: { subTasks: records({}, { status: 'FAILED' }) },
      finds: 'b is FAILED and does not say why',
    },
    {
      reason: 'a skipped node without a cause',
      to: { subTasks: records({}, { status: 'SKIPPED' }) },
      finds: 'b is SKIPPED and does not say why',
    },
  ];
  it.each(cases)('$reason', ({ from = {}, to, finds }) => {
    expect(brokenByWrite(task(from), task(to))).toEqual([finds]);
    expect(brokenByWrite(task({}), task({ progress: 60 })), 'nothing where all is well').toEqual([]);
  });
});

describe('a Task that is stuck', () => {
  const at = (reason: string, message = 'why'): Task =>
    task({
      conditions: [{ type: 'Finished', status: 'False', reason, message, lastTransitionTime: 'now' }],
    });
  const live = { metadata: { name: 's' }, spec: {}, status: { phase: 'Running' } } as Sandbox;

  it.each([
    {
      reason: 'nothing runs though it says so',
      of: at('Running'),
      finds: ['nothing runs, and the Task says Running: why'],
    },
    {
      reason: 'nobody wakes it up',
      of: at('Waiting', 'Waits until 2026.'),
      finds: ['nobody is woken up for: Waits until 2026.'],
    },
    { reason: 'it waits for a person', of: at('WaitingForAnswer'), finds: [] },
    { reason: 'it has ended', of: task({ status: 'FAILED' }), finds: [] },
  ])('$reason', ({ of, finds }) => {
    expect(stuck(of, { sandboxes: [] })).toEqual(finds);
    expect(stuck(of, { sandboxes: [live] }), 'something runs').toEqual([]);
  });
});
