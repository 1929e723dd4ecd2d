import { describe, expect, it } from 'vitest';
import { formatTime } from '#api/machinery/clock';
import type { TaskRevision } from '#api/types/generated/task-revision';
import { GRACE_MS, KEEP_UNUSED_MS, planRevision } from './plan.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const ago = (ms: number): string => formatTime(NOW - ms);

function revision(age: number, unusedFor?: number, deleted = false): TaskRevision {
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'TaskRevision',
    metadata: {
      name: 't-1',
      creationTimestamp: ago(age),
      ...(deleted ? { deletionTimestamp: ago(0) } : {}),
    },
    spec: { teamRef: { name: 't' }, mode: 'solo', nodes: [{ id: 's0', name: 'a' }] },
    ...(unusedFor === undefined ? {} : { status: { unusedSince: ago(unusedFor) } }),
  };
}

const OLD = 10 * KEEP_UNUSED_MS;

describe('planRevision', () => {
  it.each([
    ['a Task names it', revision(OLD), true, { kind: 'leave' }],
    ['a Task names it again', revision(OLD, 5000), true, { kind: 'mark used' }],
    ['a Task names it when its time was over', revision(OLD, KEEP_UNUSED_MS), true, { kind: 'mark used' }],
    ['its Task is about to name it', revision(1000), false, { kind: 'wait', ms: GRACE_MS - 1000 }],
    ['nobody has named it in time', revision(GRACE_MS), false, { kind: 'mark unused' }],
    ['its last Task is gone', revision(OLD), false, { kind: 'mark unused' }],
    ['unused for a while', revision(OLD, 1000), false, { kind: 'wait', ms: KEEP_UNUSED_MS - 1000 }],
    ['unused for long', revision(OLD, KEEP_UNUSED_MS), false, { kind: 'delete' }],
    ['deleted already', revision(OLD, KEEP_UNUSED_MS, true), false, { kind: 'leave' }],
  ])('%s', (_reason, given, isNamed, want) => {
    expect(planRevision(given, isNamed, NOW)).toEqual(want);
  });
});
