import { describe, expect, it } from 'vitest';
import type { TaskStatus } from '#api/types/generated/task';
import { line } from './graph/made-up.ts';
import { readSnapshot, takeSnapshot, writeSnapshot } from './snapshot.ts';

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

describe('readSnapshot', () => {
  it('reads what was written', () => {
    const content = { teamRef: { name: 't' }, mode: 'pipeline', nodes: line({ name: 'a' }, { name: 'b' }) };
    const taken = takeSnapshot(content, 'now');
    expect(readSnapshot({ snapshot: writeSnapshot(taken) })).toEqual(taken);
  });

  it('none before it was taken', () => {
    expect(readSnapshot(undefined)).toBeUndefined();
    expect(readSnapshot({ status: 'PENDING' })).toBeUndefined();
  });

  it('reads the steps of an older version as a chain, with the prompt it kept', () => {
    expect(readSnapshot(OLD)).toEqual({
      hash: 'sha256:0',
      takenAt: '2026-01-01T00:00:00Z',
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
