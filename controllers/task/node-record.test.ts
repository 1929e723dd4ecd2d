import { describe, expect, it } from 'vitest';
import type { Sandbox } from '#api/types/generated/sandbox';
import { endedRecord } from './node-record.ts';

const NOW = '2026-11-30T12:00:00Z';
const ROOM = { answerBytes: 100, outputBytes: 100, warningBytes: 100 };

function sandboxWith(status: Partial<Sandbox['status'] & object>): Sandbox {
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Sandbox',
    metadata: { name: 'task-s0-a1', uid: 'uid-1' },
    spec: {} as Sandbox['spec'],
    status: { phase: 'Failed', ...status },
  };
}

describe('the record of a step that has ended', () => {
  it.each([
    { why: 'knows the run whose work nobody saw before its end', status: { startedAt: NOW }, uid: 'uid-1' },
    { why: 'has no run where none was begun', status: {}, uid: undefined },
  ])('$why', ({ status, uid }) => {
    const run = { sandbox: sandboxWith(status), room: ROOM };
    const record = endedRecord({ node: 's0' }, { status: 'FAILED', run }, NOW);
    expect(record.sandboxUID).toBe(uid);
  });
});
