import { step } from '../step.ts';
import type { Scenario } from '../step.ts';

const RBAC = 'rbac.authorization.k8s.io';
const API = { apiVersion: `${RBAC}/v1` };

const role = (name: string, rules: unknown, more: object = {}): object => ({
  ...API,
  kind: 'Role',
  metadata: { name },
  rules,
  ...more,
});
const clusterRole = (name: string, rules: unknown, more: object = {}): object => ({
  ...role(name, rules, more),
  kind: 'ClusterRole',
});
const binding = (name: string, roleRef: object, subjects: unknown, kind = 'RoleBinding'): object => ({
  ...API,
  kind,
  metadata: { name },
  roleRef,
  subjects,
});
const READER = { apiGroup: RBAC, kind: 'Role', name: 'reader' };
const GET = { verbs: ['get'], apiGroups: [''], resources: ['configmaps'] };
const USER = { kind: 'User', apiGroup: RBAC, name: 'ann' };

/** Each is refused or defaulted in its own way. */
const ROLES: readonly object[] = [
  role('no-rules', undefined),
  role('null-rules', null),
  role('no-verbs', [{ apiGroups: [''], resources: ['configmaps'] }]),
  role('empty-verbs', [{ ...GET, verbs: [] }]),
  role('no-groups', [{ verbs: ['get'], resources: ['configmaps'] }]),
  role('no-resources', [{ verbs: ['get'], apiGroups: [''] }]),
  role('nothing', [{ verbs: ['get'] }]),
  role('with-urls', [{ verbs: ['get'], nonResourceURLs: ['/metrics'] }]),
  role('with-both', [{ ...GET, nonResourceURLs: ['/metrics'] }]),
  role('names', [{ ...GET, resourceNames: ['a', 'b'] }]),
  role('with/slash', [GET]),
  role('..', [GET]),
  role('with%percent', [GET]),
  role('With:Colon And Space', [GET]),
  role('two-faults', [{}, { verbs: ['get'], apiGroups: [''] }]),
  role('unknown', [{ ...GET, verb: ['get'] }]),
  clusterRole('access-kinds-urls', [{ verbs: ['get'], nonResourceURLs: ['/metrics', '/logs/*'] }]),
  clusterRole('access-kinds-both', [{ ...GET, nonResourceURLs: ['/metrics'] }]),
  clusterRole('access-kinds-empty', [{ verbs: ['get'], nonResourceURLs: [] }]),
  clusterRole('access-kinds-no-selectors', [], { aggregationRule: {} }),
  clusterRole('access-kinds-wrong-selector', [], {
    aggregationRule: {
      clusterRoleSelectors: [{ matchLabels: { 'a b': 'c' } }, { matchLabels: { a: 'b c' } }],
    },
  }),
  clusterRole('access-kinds-wrong-operator', [], {
    aggregationRule: {
      clusterRoleSelectors: [
        { matchExpressions: [{ key: 'a', operator: 'Is' }] },
        { matchExpressions: [{ key: 'a', operator: 'In' }] },
        { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] },
      ],
    },
  }),
];

const BINDINGS: readonly object[] = [
  binding('no-subjects', READER, undefined),
  binding('empty-subjects', READER, []),
  binding('defaults', { kind: 'Role', name: 'reader' }, [
    { kind: 'User', name: 'ann' },
    { kind: 'Group', name: 'team' },
    { kind: 'ServiceAccount', name: 'robot', namespace: 'access-kinds' },
  ]),
  binding('missing-role', { ...READER, name: 'nobody-has-it' }, [USER]),
  binding('no-role-ref', {}, [USER]),
  binding('wrong-group', { ...READER, apiGroup: 'apps' }, [USER]),
  binding('wrong-kind', { ...READER, kind: 'Deployment' }, [USER]),
  binding('no-role-name', { apiGroup: RBAC, kind: 'Role', name: '' }, [USER]),
  binding('wrong-role-name', { ...READER, name: 'a/b' }, [USER]),
  binding('no-name', READER, [{ ...USER, name: '' }]),
  binding('user-group', READER, [{ ...USER, apiGroup: 'apps' }]),
  binding('group-group', READER, [{ kind: 'Group', apiGroup: 'apps', name: 'team' }]),
  binding('account-group', READER, [{ kind: 'ServiceAccount', apiGroup: RBAC, name: 'a', namespace: 'b' }]),
  binding('account-name', READER, [{ kind: 'ServiceAccount', name: 'A b', namespace: 'b' }]),
  binding('account-alone', READER, [{ kind: 'ServiceAccount', name: 'robot' }]),
  binding('account-namespace', READER, [{ kind: 'ServiceAccount', name: 'robot', namespace: 'No_Such' }]),
  binding('unknown-kind', READER, [{ kind: 'Robot', name: 'robot' }]),
  binding('no-kind', READER, [{ name: 'robot' }]),
  binding('many-faults', { kind: 'Thing', name: '' }, [{ kind: 'Robot' }, { kind: 'User', name: '' }]),
  binding('with/slash', READER, [USER]),
  binding('access-kinds-role', READER, [USER], 'ClusterRoleBinding'),
  binding(
    'access-kinds-alone',
    { ...READER, kind: 'ClusterRole' },
    [{ kind: 'ServiceAccount', name: 'robot' }],
    'ClusterRoleBinding',
  ),
  binding(
    'access-kinds-defaults',
    { kind: 'ClusterRole', name: 'access-kinds-urls' },
    [{ kind: 'Group', name: 'team' }],
    'ClusterRoleBinding',
  ),
];

const created = (object: object) => step('create --validate=false -o yaml -f -', { stdin: [object] });

/** Values that the kinds of RBAC take, default and refuse, and their look in kubectl. */
export const accessKinds: Scenario = {
  name: 'access-kinds',
  steps: [
    step('create role reader --verb=get,list --resource=configmaps --resource-name=one'),
    step('get role reader -o yaml --show-managed-fields'),
    step('get roles'),
    step('get roles -o wide'),
    step('describe role reader'),
    ...ROLES.map(created),
    ...BINDINGS.map(created),
    step('get rolebindings'),
    step('get rolebindings -o wide'),
    step('describe rolebinding defaults'),
    step('get clusterrole access-kinds-urls'),
    step('describe clusterrole access-kinds-urls'),
    step('get clusterrolebinding access-kinds-defaults'),
    step('get clusterrolebinding access-kinds-defaults -o wide'),
    step('describe clusterrolebinding access-kinds-defaults'),
    // Lists without keys are replaced as a whole.
    step(`patch role reader -p '{"rules":[{"verbs":["watch"],"apiGroups":[""],"resources":["secrets"]}]}'`),
    step('get role reader -o jsonpath={.rules}'),
    step(`patch role reader --type=merge -p '{"rules":null}'`),
    step('get role reader -o yaml'),
    step(`patch role reader --type=json -p '[{"op":"add","path":"/rules","value":[{"verbs":[]}]}]'`),
    step(`patch rolebinding defaults -p '{"subjects":[{"kind":"User","name":"bob"}]}'`),
    step('get rolebinding defaults -o jsonpath={.subjects}'),
    step(`patch rolebinding defaults -p '{"subjects":null}'`),
    step('get rolebinding defaults -o yaml'),
    step(`patch rolebinding defaults -p '{"roleRef":{"name":"other"}}'`),
    step(`patch rolebinding defaults --type=merge -p '{"roleRef":{"kind":"ClusterRole"}}'`),
    step(`patch clusterrolebinding access-kinds-defaults -p '{"roleRef":{"name":"other"}}'`),
    step('apply --server-side -f - -o yaml', { stdin: [role('applied', [GET])] }),
    step('apply --server-side --field-manager=other -f -', { stdin: [role('applied', [])] }),
    step('apply --server-side --field-manager=other --force-conflicts -f - -o yaml --show-managed-fields', {
      stdin: [role('applied', [])],
    }),
    step('apply -f -', { stdin: [binding('applied', READER, [USER])] }),
    step('apply -f -', { stdin: [binding('applied', READER, [USER])] }),
    step('apply -f -', { stdin: [binding('applied', { ...READER, name: 'other' }, [USER])] }),
    step('set subject rolebinding applied --user=cid --serviceaccount=access-kinds:robot'),
    step('get rolebinding applied -o jsonpath={.subjects}'),
    step('create rolebinding made --role=reader --user=ann --group=team --serviceaccount=access-kinds:robot'),
    step('get rolebinding made -o yaml'),
    step(
      'create clusterrole access-kinds-whole --verb=* --resource=configmaps,secrets --non-resource-url=/x',
    ),
    step('create clusterrole access-kinds-whole --verb=* --resource=configmaps,secrets'),
    step('get clusterrole access-kinds-whole -o yaml'),
    step('label clusterrole access-kinds-whole access-kinds=yes'),
    step('create clusterrole access-kinds-sum --aggregation-rule=access-kinds=yes'),
    step('wait clusterrole access-kinds-sum --for=jsonpath={.rules[0].verbs[0]}=* --timeout=20s', {
      requests: 'any',
    }),
    step('get clusterrole access-kinds-sum -o yaml'),
    step('get roles,rolebindings --no-headers -o name'),
    step('delete role,rolebinding --all'),
    step(
      'delete clusterrole access-kinds-urls access-kinds-empty access-kinds-no-selectors access-kinds-whole access-kinds-sum --ignore-not-found',
    ),
    step('delete clusterrolebinding access-kinds-defaults access-kinds-role --ignore-not-found'),
  ],
};
