import { expect, it } from 'vitest';
import type { ResourceQuota, SandboxUse } from '#api/types/resource-quota';
import { quotaRefusal } from './quota-refusal.ts';

const CORE = 1_000_000_000n;
const GI = 2n ** 30n * CORE;

function quota(hard: Record<string, string>): ResourceQuota {
  return { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q' }, spec: { hard } };
}

const use = (sandboxes: number, cores = 0n, gi = 0n): SandboxUse => ({
  sandboxes,
  cpu: cores * CORE,
  memory: gi * GI,
});

it.each([
  { reason: 'no quota', quotas: [], want: undefined },
  { reason: 'the last place', quotas: [quota({ pods: '4' })], want: undefined },
  {
    reason: 'a quota of other things',
    quotas: [quota({ 'count/tasks.agent.wecode.io': '0' })],
    want: undefined,
  },
  {
    reason: 'one too many',
    quotas: [quota({ 'count/sandboxes.agent.wecode.io': '3' })],
    want: 'exceeded quota: q, requested: count/sandboxes.agent.wecode.io=1, used: count/sandboxes.agent.wecode.io=3, limited: count/sandboxes.agent.wecode.io=3',
  },
  {
    reason: 'memory and cores, each by its name',
    quotas: [quota({ 'limits.cpu': '7', 'limits.memory': '8Gi', pods: '9' })],
    want: 'exceeded quota: q, requested: limits.cpu=2,limits.memory=3Gi, used: limits.cpu=6,limits.memory=6Gi, limited: limits.cpu=7,limits.memory=8Gi',
  },
  {
    reason: 'one of two',
    quotas: [quota({ pods: '9' }), quota({ cpu: '6' })],
    want: 'exceeded quota: q, requested: cpu=2, used: cpu=6, limited: cpu=6',
  },
])('$reason', ({ quotas, want }) => {
  const refusal = quotaRefusal(quotas, { wanted: use(1, 2n, 3n), used: use(3, 6n, 6n) });
  expect(refusal?.message).toBe(want);
});

it('one that uses no processor is not held to a quota of processors', () => {
  expect(quotaRefusal([quota({ cpu: '1' })], { wanted: use(1), used: use(3, 6n) })).toBeUndefined();
});
