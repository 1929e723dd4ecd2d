import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Attributes } from '../../machinery/users/authorizer.ts';
import type { User } from '../../machinery/users/user.ts';
import type { PolicyRule, RoleRef, Subject } from '../../types/rbac.ts';
import type { RoleBinding } from './binding.ts';
import { RbacPolicy } from './rbac-policy.ts';

const RBAC = 'rbac.authorization.k8s.io';
const jane: User = { name: 'jane', groups: ['devs', 'system:authenticated'] };
const bot: User = { name: 'system:serviceaccount:ci:bot', groups: [] };

const user = (name: string): Subject => ({ kind: 'User', apiGroup: RBAC, name });
const group = (name: string): Subject => ({ kind: 'Group', apiGroup: RBAC, name });
const refTo = (kind: RoleRef['kind'], name: string): RoleRef => ({ apiGroup: RBAC, kind, name });

function asks(verb: string, what: string, { group: of = '', namespace = '', name = '' } = {}): Attributes {
  if (what.startsWith('/')) return { verb, path: what, resource: undefined };
  const [plural = '', subresource = ''] = what.split('/');
  return {
    verb,
    path: '',
    resource: { group: of, version: 'v1', plural, subresource, namespace, name },
  };
}

/** Everybody in `devs` has the rule everywhere. */
function withRule(rule: PolicyRule): RbacPolicy {
  const policy = new RbacPolicy();
  policy.setRole({ namespace: '', name: 'r' }, [rule]);
  policy.setBinding({
    namespace: '',
    name: 'b',
    roleRef: refTo('ClusterRole', 'r'),
    subjects: [group('devs')],
  });
  return policy;
}

describe('one rule', () => {
  const pods: PolicyRule = { verbs: ['get'], apiGroups: [''], resources: ['pods'] };
  it.each<[PolicyRule, Attributes, boolean, string]>([
    [pods, asks('get', 'pods'), true, 'as it stands'],
    [pods, asks('list', 'pods'), false, 'another verb'],
    [pods, asks('get', 'pods', { group: 'x' }), false, 'another group'],
    [pods, asks('get', 'pods/log'), false, 'a part is a resource of its own'],
    [pods, asks('get', '*'), false, 'a star in a question is a letter'],
    [pods, asks('*', 'pods'), false, 'also as a verb'],
    [{ ...pods, verbs: ['*'] }, asks('escalate', 'pods'), true, 'all verbs'],
    [{ ...pods, apiGroups: ['*'] }, asks('get', 'pods', { group: 'x' }), true, 'all groups'],
    [{ ...pods, resources: ['*'] }, asks('get', 'pods/log'), true, 'all resources and their parts'],
    [{ ...pods, resources: ['*/log'] }, asks('get', 'pods/log'), true, 'a part of all'],
    [{ ...pods, resources: ['*/log'] }, asks('get', 'pods/blog'), false, 'not a part that ends like it'],
    [{ ...pods, resources: ['*/log'] }, asks('get', 'pods'), false, 'not the whole'],
    [{ ...pods, resourceNames: ['a'] }, asks('get', 'pods', { name: 'a' }), true, 'the name'],
    [{ ...pods, resourceNames: ['a'] }, asks('get', 'pods', { name: 'b' }), false, 'another name'],
    [{ ...pods, resourceNames: ['a'] }, asks('get', 'pods'), false, 'a collection has no name'],
    [{ ...pods, resourceNames: ['*'] }, asks('get', 'pods', { name: 'a' }), false, 'a star is a name'],
    [{ verbs: ['get'], nonResourceURLs: ['/a'] }, asks('get', '/a'), true, 'a path'],
    [{ verbs: ['get'], nonResourceURLs: ['/a'] }, asks('get', '/a/'), false, 'another path'],
    [{ verbs: ['get'], nonResourceURLs: ['/a/*'] }, asks('get', '/a/b/c'), true, 'all below a path'],
    [{ verbs: ['get'], nonResourceURLs: ['/a/*'] }, asks('get', '/a'), false, 'not the path itself'],
    [{ verbs: ['get'], nonResourceURLs: ['/a*'] }, asks('get', '/ab'), true, 'a prefix'],
    [{ verbs: ['get'], nonResourceURLs: ['*'] }, asks('get', '/x'), true, 'all paths'],
    [{ verbs: ['get'], nonResourceURLs: ['/a/*/c'] }, asks('get', '/a/b/c'), false, 'only at the end'],
    [{ verbs: ['get'], nonResourceURLs: ['*'] }, asks('get', 'pods'), false, 'paths are no resources'],
  ])('%j and %j: %s (%s)', (rule, attributes, allowed) => {
    expect(withRule(rule).decide(jane, attributes).verdict).toBe(allowed ? 'allow' : 'no opinion');
  });
});

describe('bindings', () => {
  const getPods: PolicyRule = { verbs: ['get'], apiGroups: [''], resources: ['pods'] };
  const inCi = asks('get', 'pods', { namespace: 'ci' });

  function policyOf(binding: Partial<RoleBinding>): RbacPolicy {
    const policy = new RbacPolicy();
    policy.setRole({ namespace: '', name: 'r' }, [getPods]);
    policy.setRole({ namespace: 'ci', name: 'r' }, [getPods]);
    const roleRef = refTo('ClusterRole', 'r');
    policy.setBinding({ namespace: '', name: 'b', roleRef, subjects: [], ...binding });
    return policy;
  }

  it.each<[Partial<RoleBinding>, User, string]>([
    [{ subjects: [user('jane')] }, jane, 'ClusterRoleBinding "b" of ClusterRole "r" to User "jane"'],
    [{ subjects: [group('devs')] }, jane, 'ClusterRoleBinding "b" of ClusterRole "r" to Group "devs"'],
    [
      { namespace: 'ci', subjects: [user('jane')] },
      jane,
      'RoleBinding "b/ci" of ClusterRole "r" to User "jane"',
    ],
    [
      { namespace: 'ci', roleRef: refTo('Role', 'r'), subjects: [{ kind: 'ServiceAccount', name: 'bot' }] },
      bot,
      'RoleBinding "b/ci" of Role "r" to ServiceAccount "bot/ci"',
    ],
    [
      { subjects: [{ kind: 'ServiceAccount', namespace: 'ci', name: 'bot' }] },
      bot,
      'ClusterRoleBinding "b" of ClusterRole "r" to ServiceAccount "bot/ci"',
    ],
  ])('%j allow', (binding, who, text) => {
    const reason = `RBAC: allowed by ${text}`;
    expect(policyOf(binding).decide(who, inCi)).toEqual({ verdict: 'allow', reason });
  });

  it.each<[Partial<RoleBinding>, User, string]>([
    [{ subjects: [user('devs')] }, jane, 'a group is no user'],
    [{ subjects: [group('jane')] }, jane, 'a user is no group'],
    [{ namespace: 'other', subjects: [user('jane')] }, jane, 'another namespace'],
    [{ subjects: [{ kind: 'ServiceAccount', name: 'bot' }] }, bot, 'an account of no namespace'],
    [{ subjects: [user('Jane')] }, jane, 'names have a case'],
  ])('%j do not', (binding, who, reason) => {
    expect(policyOf(binding).decide(who, inCi), reason).toEqual({ verdict: 'no opinion', reason: '' });
  });

  it('say which roles are missing', () => {
    const policy = policyOf({ roleRef: refTo('ClusterRole', 'gone'), subjects: [user('jane')] });
    const reason = 'RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found';
    expect(policy.decide(jane, inCi)).toEqual({ verdict: 'no opinion', reason });
    const roleRef = refTo('Role', 'lost');
    policy.setBinding({ namespace: 'ci', name: 'c', roleRef, subjects: [group('devs')] });
    expect(policy.decide(jane, inCi).reason).toBe(
      'RBAC: [clusterrole.rbac.authorization.k8s.io "gone" not found, role.rbac.authorization.k8s.io "lost" not found]',
    );
  });
});

/** The same question put to all objects there are, as kube-apiserver's resolver goes through them. */
function plainVerdict(
  roles: Map<string, PolicyRule[]>,
  bindings: Map<string, RoleBinding>,
  who: User,
  asked: Attributes,
) {
  const { verb, resource } = asked;
  if (resource === undefined) throw new Error('not asked here');
  const { group: of, plural, subresource, namespace, name } = resource;
  const whole = subresource === '' ? plural : `${plural}/${subresource}`;
  const applies = ({ kind, name: of_, namespace: ns = '' }: Subject, home: string): boolean =>
    kind === 'User'
      ? of_ === who.name
      : kind === 'Group'
        ? who.groups.includes(of_)
        : who.name === `system:serviceaccount:${ns || home}:${of_}`;
  return [...bindings.values()].some(({ namespace: home, roleRef, subjects }) => {
    if (home !== '' && home !== namespace) return false;
    if (!subjects.some((one) => applies(one, home))) return false;
    const rules = roles.get(`${roleRef.kind === 'Role' ? home : ''}/${roleRef.name}`) ?? [];
    return rules.some(
      ({ verbs, apiGroups = [], resources = [], resourceNames = [] }) =>
        (verbs.includes('*') || verbs.includes(verb)) &&
        (apiGroups.includes('*') || apiGroups.includes(of)) &&
        (resources.includes('*') ||
          resources.includes(whole) ||
          (subresource !== '' && resources.includes(`*/${subresource}`))) &&
        (resourceNames.length === 0 || resourceNames.includes(name)),
    );
  });
}

describe('changes', () => {
  const few = <T>(...values: T[]) => fc.subarray(values);
  const rule = fc.record({
    verbs: few('get', 'list', '*'),
    apiGroups: few('', 'x', '*'),
    resources: few('a', 'b', 'a/s', '*/s', '*'),
    resourceNames: few('n'),
  });
  const place = fc.record({
    namespace: fc.constantFrom('', 'ci'),
    name: fc.constantFrom('1', '2', '3', '4', '5', '6'),
  });
  const subject = fc.constantFrom<Subject>(
    user('jane'),
    group('devs'),
    group('ops'),
    { kind: 'ServiceAccount', name: 'bot' },
    { kind: 'ServiceAccount', name: 'bot', namespace: 'ci' },
  );
  const change = fc.oneof(
    fc.record({
      is: fc.constant('role' as const),
      place,
      rules: fc.option(fc.array(rule, { maxLength: 3 })),
    }),
    fc.record({
      is: fc.constant('binding' as const),
      place,
      to: fc.option(
        fc.record({
          kind: fc.constantFrom<RoleRef['kind']>('Role', 'ClusterRole'),
          name: fc.constantFrom('1', '2', '3', '4', '5', '6'),
        }),
      ),
      subjects: fc.array(subject, { maxLength: 3 }),
    }),
  );
  const question = fc
    .tuple(
      fc.constantFrom('get', 'list'),
      fc.constantFrom('a', 'b', 'a/s', 'b/s'),
      fc.constantFrom('', 'x'),
      fc.constantFrom('', 'ci', 'other'),
      fc.constantFrom('', 'n'),
    )
    .map(([verb, what, of, namespace, name]) => asks(verb, what, { group: of, namespace, name }));

  it('one by one lead to the verdict over all objects', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(change, question), { maxLength: 40 }), (steps) => {
        const policy = new RbacPolicy();
        const roles = new Map<string, PolicyRule[]>();
        const bindings = new Map<string, RoleBinding>();
        for (const [step, asked] of steps) {
          const key = `${step.place.namespace}/${step.place.name}`;
          if (step.is === 'role' && step.rules === null) {
            policy.removeRole(step.place);
            roles.delete(key);
          } else if (step.is === 'role') {
            policy.setRole(step.place, step.rules ?? []);
            roles.set(key, step.rules ?? []);
          } else if (step.to === null) {
            policy.removeBinding(step.place);
            bindings.delete(key);
          } else {
            const kind = step.place.namespace === '' ? 'ClusterRole' : step.to.kind;
            const binding = { ...step.place, roleRef: refTo(kind, step.to.name), subjects: step.subjects };
            policy.setBinding(binding);
            bindings.set(key, binding);
          }
          for (const who of [jane, bot]) {
            const want = plainVerdict(roles, bindings, who, asked) ? 'allow' : 'no opinion';
            expect(policy.decide(who, asked).verdict).toBe(want);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
