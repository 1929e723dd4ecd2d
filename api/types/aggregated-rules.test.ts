import { describe, expect, it } from 'vitest';
import { aggregatedRules } from './aggregated-rules.ts';
import type { ClusterRole, PolicyRule } from './rbac.ts';

const rule = (resource: string): PolicyRule => ({ verbs: ['get'], apiGroups: [''], resources: [resource] });

function role(name: string, labels: Record<string, string>, ...rules: PolicyRule[]): ClusterRole {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name, labels },
    rules,
  };
}

describe('an aggregated role', () => {
  const all = [
    role('b', { to: 'view' }, rule('bots'), rule('pods')),
    role('a', { to: 'view' }, rule('pods')),
    role('c', { to: 'edit' }, rule('secrets')),
  ];
  const aggregating = (...clusterRoleSelectors: object[]): ClusterRole => ({
    ...role('whole', { to: 'view' }, rule('itself')),
    aggregationRule: { clusterRoleSelectors },
  });

  it('has the rules of the others, each once, by their names', () => {
    const whole = aggregating({ matchLabels: { to: 'view' } });
    expect(aggregatedRules(whole, [...all, whole])).toEqual([rule('pods'), rule('bots')]);
  });

  it('has them selector by selector, and none without selectors', () => {
    const whole = aggregating({ matchLabels: { to: 'edit' } }, { matchLabels: { to: 'view' } });
    expect(aggregatedRules(whole, all)).toEqual([rule('secrets'), rule('pods'), rule('bots')]);
    expect(aggregatedRules(aggregating(), all)).toEqual([]);
  });
});
