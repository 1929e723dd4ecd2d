import { describe, expect, it } from 'vitest';
import type { TaskStatus } from '#api/types/generated/task';
import { line } from '../graph/made-up.ts';
import { makeRevision, readRevision, taskRevision } from './task-revision.ts';

const OLD: TaskStatus = {
  snapshot: {
    hash: 'sha256:0',
    takenAt: '2026-01-01T00:00:00Z',
    teamRef: { name: 't', namespace: 'n' },
    mode: 'pipeline',
    prompt: 'ASKED THEN',
    steps: [
      {
        name: 'dev',
        prompt: 'Write.',
        contextPassing: 'original_and_previous',
        requireConfirmation: true,
        requiresWorkspace: false,
        usesWorkspace: true,
        shell: { type: 'ClaudeCode' },
        agent: { botName: 'b' },
        model: { ref: { name: 'm' } },
      },
      {
        name: 'talk',
        contextPassing: 'none',
        requireConfirmation: false,
        requiresWorkspace: false,
        usesWorkspace: false,
        shell: { type: 'Chat' },
        agent: { botName: 'c' },
      },
    ],
  },
};

describe('readRevision', () => {
  const content = { teamRef: { name: 't' }, mode: 'pipeline', nodes: line({ name: 'a' }, { name: 'b' }) };
  const made = makeRevision(content);
  const object = taskRevision('n', made);

  it('reads what was written', () => {
    expect(readRevision({ revision: object.metadata.name }, object)).toEqual(made);
  });

  it.each<[string, TaskStatus | undefined]>([
    ['before the Task was started', undefined],
    ['while it waits', { status: 'PENDING' }],
    ['for a Task that names another one', { revision: 'other' }],
  ])('has none %s', (_reason, status) => {
    expect(readRevision(status, object)).toBeUndefined();
  });

  it('reads the steps of an older version as a chain, with the prompt it kept', () => {
    expect(readRevision(OLD, undefined)).toEqual({
      teamRef: { name: 't', namespace: 'n' },
      mode: 'pipeline',
      prompt: 'ASKED THEN',
      nodes: [
        {
          id: 's0',
          name: 'dev',
          needs: [],
          inputs: { taskPrompt: true, results: [] },
          policy: { requireConfirmation: true, onFailure: 'FailTask' },
          workspace: { uses: true },
          prompt: 'Write.',
          shell: { type: 'ClaudeCode' },
          agent: { botName: 'b' },
          model: { ref: { name: 'm' } },
        },
        {
          id: 's1',
          name: 'talk',
          needs: ['s0'],
          inputs: { taskPrompt: true, results: [{ from: 's0', label: 'Result of the step before, dev' }] },
          policy: { requireConfirmation: false, onFailure: 'FailTask' },
          workspace: { uses: false, from: 's0' },
          shell: { type: 'Chat' },
          agent: { botName: 'c' },
        },
      ],
    });
  });
});
