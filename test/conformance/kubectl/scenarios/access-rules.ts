import { step } from '../step.ts';
import type { Scenario } from '../step.ts';

const RBAC = 'rbac.authorization.k8s.io';
const API = { apiVersion: `${RBAC}/v1` };
const SPACE = 'access-rules';

const role = (name: string, rules: unknown, kind = 'Role'): object => ({
  ...API,
  kind,
  metadata: { name },
  rules,
});
const rule = (verbs: string[], resources: string[], more: object = {}): object => ({
  verbs,
  apiGroups: [''],
  resources,
  ...more,
});
const here = (object: object): object => {
  const { metadata, ...rest } = object as { metadata: object };
  return { ...rest, metadata: { ...metadata, namespace: SPACE } };
};
const bound = (name: string, kind: string, roleName: string, subject = 'ann'): object => ({
  ...API,
  kind: 'RoleBinding',
  metadata: { name },
  roleRef: { apiGroup: RBAC, kind, name: roleName },
  subjects: [{ kind: 'User', apiGroup: RBAC, name: subject }],
});
const OWNED = {
  metadata: { finalizers: ['example.com/hold'] },
};

/** Ann may write all of RBAC in one namespace, and holds a few rights that she may hand on. */
const RIGHTS: readonly object[] = [
  {
    ...role('writer', [
      { verbs: ['*'], apiGroups: [RBAC], resources: ['roles', 'rolebindings'] },
      rule(['get', 'list'], ['configmaps']),
      rule(['get'], ['secrets'], { resourceNames: ['one', 'two'] }),
    ]),
  },
  bound('writer', 'Role', 'writer'),
  role('strong', [rule(['*'], ['*'])]),
];
/** She may write these by themselves, without the verbs that let her bind and escalate. */
const CAREFUL = {
  ...role('writer', [
    {
      verbs: ['create', 'get', 'update', 'patch', 'delete', 'list'],
      apiGroups: [RBAC],
      resources: ['roles', 'rolebindings'],
    },
    rule(['get', 'list'], ['configmaps']),
    rule(['get'], ['secrets'], { resourceNames: ['one', 'two'] }),
  ]),
};
const as = (command: string, stdin?: readonly object[]) =>
  step(`${command} --as=ann`, stdin === undefined ? {} : { stdin });
const give = (name: string, ...rules: object[]) => as('create -f -', [role(name, rules)]);

/** Rights that somebody hands on, by roles and by bindings. */
export const accessRules: Scenario = {
  name: SPACE,
  steps: [
    step('create -f -', { stdin: RIGHTS }),
    // With `*` she has `escalate` and `bind`.
    give('by-escalate', rule(['*'], ['*'])),
    step('replace -f -', { stdin: [CAREFUL] }),
    give('same', rule(['get', 'list'], ['configmaps'])),
    give('part', rule(['get'], ['configmaps'])),
    give('named', rule(['get'], ['configmaps'], { resourceNames: ['one'] })),
    give('more-verbs', rule(['get', 'delete', 'watch'], ['configmaps'])),
    give('more-resources', rule(['get'], ['configmaps', 'secrets', 'pods'])),
    give('all-verbs', rule(['*'], ['configmaps'])),
    give('all-resources', rule(['get'], ['*'])),
    give('sub', rule(['get'], ['configmaps/status'])),
    give('names', rule(['get'], ['secrets'], { resourceNames: ['one'] })),
    give('other-names', rule(['get'], ['secrets'], { resourceNames: ['one', 'three'] })),
    give('no-names', rule(['get'], ['secrets'])),
    give('groups', { verbs: ['get'], apiGroups: ['', 'apps'], resources: ['configmaps'] }),
    give('several', rule(['get'], ['configmaps']), rule(['delete'], ['pods']), rule(['get'], ['secrets'])),
    give('quoted', rule(['get'], ['a"b\\c'])),
    as(`patch role part -p '{"rules":[{"verbs":["delete"],"apiGroups":[""],"resources":["configmaps"]}]}'`),
    // Labels do not give rights, nor do fields that garbage collection needs.
    as('label role strong x=y'),
    as(`patch role strong --type=merge -p '${JSON.stringify(OWNED)}'`),
    as(`patch role strong --type=merge -p '{"metadata":{"finalizers":null}}'`),
    as('apply --server-side -f -', [role('applied', [rule(['create'], ['pods'])])]),
    as('apply --server-side -f -', [role('applied', [rule(['get'], ['configmaps'])])]),
    as('create -f -', [bound('same', 'Role', 'same', 'bob')]),
    as('create -f -', [bound('strong', 'Role', 'strong', 'bob')]),
    as('create -f -', [bound('missing', 'Role', 'nobody-has-it', 'bob')]),
    as('create -f -', [bound('view', 'ClusterRole', 'cluster-admin', 'bob')]),
    as(`patch rolebinding same -p '{"subjects":[{"kind":"User","name":"cid"}]}'`),
    // The right to bind one role by its name.
    step('create role binder --verb=bind --resource=roles --resource-name=strong --dry-run=client -o yaml'),
    step('create -f -', {
      stdin: [
        role('binder', [
          { verbs: ['bind'], apiGroups: [RBAC], resources: ['roles'], resourceNames: ['strong'] },
        ]),
        bound('binder', 'Role', 'binder'),
      ],
    }),
    as('create -f -', [bound('strong', 'Role', 'strong', 'bob')]),
    as('create -f -', [bound('writer-again', 'Role', 'by-escalate', 'bob')]),
    as('create -f -', [role('access-rules-cluster', [rule(['get'], ['configmaps'])], 'ClusterRole')]),
    as('delete role strong'),
    as('get configmaps'),
    as('get secrets'),
    as('get secret one'),
    as('get secret three'),
    as('get configmaps -A'),
    as('create configmap mine --from-literal=a=b'),
    as('get leases'),
    as('delete configmaps --all'),
    step('auth reconcile -f -', {
      stdin: [
        role('reconciled', [rule(['get'], ['configmaps'])]),
        bound('reconciled', 'Role', 'reconciled'),
      ].map(here),
    }),
    step('auth reconcile -f -', {
      stdin: [
        role('reconciled', [rule(['list'], ['configmaps'])]),
        bound('reconciled', 'Role', 'reconciled', 'bob'),
      ].map(here),
    }),
    step('get role reconciled -o yaml'),
    step('get rolebinding reconciled -o yaml'),
    step('auth reconcile --remove-extra-permissions --remove-extra-subjects -f -', {
      stdin: [
        role('reconciled', [rule(['list'], ['configmaps'])]),
        bound('reconciled', 'Role', 'reconciled'),
      ].map(here),
    }),
    step('auth reconcile -f -', { stdin: [bound('reconciled', 'ClusterRole', 'view')].map(here) }),
    step('get rolebinding reconciled -o wide'),
    step('delete role,rolebinding --all'),
  ],
};
