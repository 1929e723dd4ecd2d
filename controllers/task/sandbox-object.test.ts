import { describe, expect, it } from 'vitest';
import type { Task } from '#api/types/generated/task';
import { sandboxName, sandboxObject, workBranch } from './sandbox-object.ts';
import { stepPrompt } from './prompt.ts';
import { hashOf, takeSnapshot } from './snapshot.ts';
import type { PlannedStep, Snapshot } from './snapshot.ts';

const taskNamed = (name: string): Task => ({
  apiVersion: 'agent.wecode.io/v1',
  kind: 'Task',
  metadata: { name, namespace: 'default', uid: '12345678-x' },
  spec: { prompt: 'p', teamRef: { name: 't' } },
});

const planned = (more: Partial<PlannedStep>): PlannedStep => ({
  name: 's',
  contextPassing: 'none',
  requireConfirmation: false,
  requiresWorkspace: false,
  usesWorkspace: true,
  shell: { type: 'ClaudeCode' },
  agent: { botName: 'b' },
  ...more,
});

const snapshotOf = (...steps: Partial<PlannedStep>[]): Snapshot =>
  takeSnapshot({ teamRef: { name: 't' }, mode: 'pipeline', prompt: 'ASK', steps: steps.map(planned) }, 'now');

describe('names', () => {
  const cases = [
    { reason: 'a usual name', name: 'fix-bug', sandbox: 'fix-bug-12345-s1-a2', branch: 'troupe/fix-bug' },
    {
      reason: 'capitals and dots',
      name: 'Fix.Bug',
      sandbox: 'fix-bug-12345-s1-a2',
      branch: 'troupe/Fix.Bug',
    },
    {
      reason: 'what git does not allow',
      name: '-a..b~c.lock',
      sandbox: 'a-b-c-lock-12345-s1-a2',
      branch: 'troupe/a.b-c',
    },
    { reason: 'nothing usable', name: '::', sandbox: 'task-12345-s1-a2', branch: 'troupe/task' },
  ];
  it.each(cases)('$reason', ({ name, sandbox, branch }) => {
    expect(sandboxName(taskNamed(name), { step: 1, attempt: 2 })).toBe(sandbox);
    expect(workBranch(name)).toBe(branch);
  });

  it('stay within what a DNS name may have', () => {
    expect(sandboxName(taskNamed('x'.repeat(253)), { step: 10, attempt: 10 }).length).toBeLessThan(253);
  });

  it('no label where the name is no label value', () => {
    const run = { step: 0, attempt: 1, previousValue: '' };
    expect(sandboxObject(taskNamed('a b'), snapshotOf({}), run).metadata.labels).toBeUndefined();
    expect(sandboxObject(taskNamed('A.b'), snapshotOf({}), run).metadata.labels).toEqual({
      'agent.wecode.io/task': 'A.b',
    });
  });
});

describe('sandboxObject', () => {
  it('has the repository only for Shells that use one', () => {
    const snapshot = {
      ...snapshotOf({}, { usesWorkspace: false }),
      workspace: { ref: { name: 'w' }, gitUrl: 'u', branchName: 'main' },
    };
    const run = { attempt: 1, previousValue: '' };
    expect(sandboxObject(taskNamed('t'), snapshot, { ...run, step: 0 }).spec.workspace).toEqual({
      ref: { name: 'w' },
      gitUrl: 'u',
      branchName: 'main',
      workBranch: 'troupe/t',
    });
    expect(sandboxObject(taskNamed('t'), snapshot, { ...run, step: 1 }).spec.workspace).toBeUndefined();
  });
});

describe('stepPrompt', () => {
  const passing = (contextPassing: PlannedStep['contextPassing'], prompt?: string) =>
    stepPrompt(
      snapshotOf({ name: 'one', contextPassing }, prompt === undefined ? {} : { prompt }),
      1,
      'SAID',
    );
  const cases = [
    { reason: 'none: only the own instructions', got: passing('none', 'OWN'), want: 'OWN' },
    { reason: 'none and nothing of its own: the Task', got: passing('none'), want: 'ASK' },
    { reason: 'original_user', got: passing('original_user', 'OWN'), want: 'OWN\n\nASK' },
    { reason: 'previous_bot', got: passing('previous_bot'), want: 'Result of the step before, one:\nSAID' },
    {
      reason: 'original_and_previous',
      got: passing('original_and_previous', 'OWN'),
      want: 'OWN\n\nASK\n\nResult of the step before, one:\nSAID',
    },
    {
      reason: 'the first step gets the Task',
      got: stepPrompt(snapshotOf({ prompt: 'OWN' }), 0, ''),
      want: 'OWN\n\nASK',
    },
  ];
  it.each(cases)('$reason', ({ got, want }) => expect(got).toBe(want));
});

describe('hashOf', () => {
  it('does not depend on the order of keys, but on every value', () => {
    const content = { teamRef: { name: 't', namespace: 'n' }, mode: 'solo', prompt: 'p', steps: [] };
    const turned = { steps: [], prompt: 'p', mode: 'solo', teamRef: { namespace: 'n', name: 't' } };
    expect(hashOf(content)).toBe(hashOf(turned));
    expect(hashOf({ ...content, prompt: 'q' })).not.toBe(hashOf(content));
  });
});
