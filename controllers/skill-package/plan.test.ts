import { describe, expect, it } from 'vitest';
import { formatTime } from '#api/machinery/clock';
import type { KubeObject } from '#api/machinery/meta';
import { UNUSED_SINCE } from '#api/types/skills/skill';
import { GRACE_MS, KEEP_UNUSED_MS, planPackage } from './plan.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const ago = (ms: number): string => formatTime(NOW - ms);

function packageOf(age: number, unusedSince?: string, deleted = false): KubeObject {
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'SkillPackage',
    metadata: {
      name: 'sha256-1',
      creationTimestamp: ago(age),
      ...(deleted ? { deletionTimestamp: ago(0) } : {}),
      ...(unusedSince === undefined ? {} : { annotations: { [UNUSED_SINCE]: unusedSince } }),
    },
  };
}

const OLD = 10 * KEEP_UNUSED_MS;

describe('planPackage', () => {
  it.each([
    ['somebody names it', packageOf(OLD), true, { kind: 'leave' }],
    ['somebody names it again', packageOf(OLD, ago(5000)), true, { kind: 'mark used' }],
    ['it is named when its hour was over', packageOf(OLD, ago(KEEP_UNUSED_MS)), true, { kind: 'mark used' }],
    ['its Skill is about to name it', packageOf(1000), false, { kind: 'wait', ms: GRACE_MS - 1000 }],
    ['nobody has named it in time', packageOf(GRACE_MS), false, { kind: 'mark unused' }],
    ['unused for a while', packageOf(OLD, ago(1000)), false, { kind: 'wait', ms: KEEP_UNUSED_MS - 1000 }],
    ['unused for long', packageOf(OLD, ago(KEEP_UNUSED_MS)), false, { kind: 'delete' }],
    ['its mark was spoilt', packageOf(OLD, 'yesterday'), false, { kind: 'mark unused' }],
    ['deleted already', packageOf(OLD, ago(KEEP_UNUSED_MS), true), false, { kind: 'leave' }],
  ])('%s', (_reason, given, isNamed, want) => {
    expect(planPackage(given, isNamed, NOW)).toEqual(want);
  });
});
