import { describe, expect, it } from 'vitest';
import type { Approval } from '#api/types/generated/approval';
import type { Task } from '#api/types/generated/task';
import { approvalObject, decisionsOf, questionKey } from './ask.ts';

const task: Task = {
  ...{ apiVersion: 'agent.wecode.io/v1', kind: 'Task', spec: { prompt: 'x', teamRef: { name: 't' } } },
  metadata: { name: 'fix', namespace: 'ns', uid: 'abcdef-1' },
};
const KEY = 'dev-stage-1';
const ask = { key: KEY, purpose: 'Stage', node: 'dev', message: 'Go on?', settings: {} } as const;
const own: Approval = { ...approvalObject(task, ask), status: { phase: 'Decided', decision: 'Approved' } };

describe('the decisions of a Task', () => {
  it('are those about what the name of the Approval says', () => {
    expect(decisionsOf(task, [own]).outcomeOf(KEY)).toEqual({ result: 'approved' });
  });

  it.each([
    ['of no controller', { metadata: { ...own.metadata, ownerReferences: [] } }],
    ['of another Task of the name', { spec: { ...own.spec, taskRef: { name: 'fix', uid: 'abcdef-2' } } }],
    ['about another node', { spec: { ...own.spec, node: 'review' } }],
    ['about something else', { spec: { ...own.spec, purpose: 'Step' as const } }],
    ['about a question', { spec: { ...own.spec, purpose: 'Question' as const, questionId: 'q' } }],
  ])('are not those of an Approval %s', (_, change) => {
    expect(decisionsOf(task, [{ ...own, ...change }]).outcomeOf(KEY)).toBeUndefined();
  });

  it.each([
    { key: 'gate-step', purpose: 'Step', node: 'gate' },
    { key: 'gate-step-2', purpose: 'Step', node: 'gate' },
    { key: 'budget-2', purpose: 'Budget' },
    {
      key: questionKey('q'),
      purpose: 'ToolUse',
      question: { id: 'q', kind: 'Permission', message: 'May I?' },
    },
    {
      key: questionKey('q'),
      purpose: 'Question',
      question: { id: 'q', kind: 'Question', message: 'Which?' },
    },
  ] as const)('are found for $purpose by $key', (about) => {
    const approval = { ...approvalObject(task, { ...ask, node: '', ...about }), status: own.status ?? {} };
    expect(decisionsOf(task, [approval]).outcomeOf(about.key)).toEqual({ result: 'approved' });
  });
});
