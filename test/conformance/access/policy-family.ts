import fc from 'fast-check';
import type { PolicyRule, RoleRef, Subject } from '#api/types/rbac';

/** Random roles and bindings, small enough that they often meet. */

interface Named {
  metadata: { name: string; namespace?: string };
}
export interface Asked {
  user: { name: string; groups: string[] };
  verb: string;
  path: string;
  isResource: boolean;
  group: string;
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
}

/** The cases, as test/go/rbac-judge reads them. */
export interface PolicyQuestion {
  roles: (Named & { rules: PolicyRule[] })[];
  clusterRoles: (Named & { rules: PolicyRule[] })[];
  roleBindings: (Named & { roleRef: RoleRef; subjects: Subject[] })[];
  clusterRoleBindings: (Named & { roleRef: RoleRef; subjects: Subject[] })[];
  requests: Asked[];
  given: { user: Asked['user']; namespace: string; rules: PolicyRule[] }[];
}

/** A verdict for each request; for rules that are given what their giver lacks, '' when nothing. */
export interface PolicyAnswer {
  allowed: boolean[];
  lacking: string[];
}

const RBAC = 'rbac.authorization.k8s.io';
const NAMESPACES = ['ci', 'dev'];
const NAMES = ['1', '2', '3', '4', '5', '6', '7'];

const some = <T>(...values: T[]) => fc.subarray(values, { minLength: 1 });
const verbs = some('get', 'list', 'create', '*');

const resourceRule: fc.Arbitrary<PolicyRule> = fc.record(
  {
    verbs,
    apiGroups: some('', 'apps', '*'),
    resources: some('pods', 'pods/log', 'jobs', '*/log', '*', 'jobs/', '*/'),
    resourceNames: fc.subarray(['a', 'b', '*']),
  },
  { requiredKeys: ['verbs', 'apiGroups', 'resources'] },
);
const pathRule: fc.Arbitrary<PolicyRule> = fc.record({
  verbs,
  nonResourceURLs: some('/a', '/a/*', '/a*', '/b/c', '*', '/a/**', '/*/c'),
});
const rules = fc.array(fc.oneof({ weight: 4, arbitrary: resourceRule }, pathRule), { maxLength: 3 });

const subject = fc.constantFrom<Subject>(
  { kind: 'User', apiGroup: RBAC, name: 'jane' },
  { kind: 'User', apiGroup: RBAC, name: 'system:serviceaccount:ci:bot' },
  { kind: 'Group', apiGroup: RBAC, name: 'devs' },
  { kind: 'Group', apiGroup: RBAC, name: 'ops' },
  { kind: 'ServiceAccount', name: 'bot' },
  { kind: 'ServiceAccount', name: 'bot', namespace: 'ci' },
);
const user = fc.constantFrom<Asked['user']>(
  { name: 'jane', groups: ['devs'] },
  { name: 'joe', groups: ['devs', 'ops'] },
  { name: 'system:serviceaccount:ci:bot', groups: [] },
  { name: 'devs', groups: ['jane'] },
);

/** Of one kind, each name once. */
function objects<T extends object>(content: fc.Arbitrary<T>, namespaces: readonly string[] | undefined) {
  const metadata =
    namespaces === undefined
      ? fc.record({ name: fc.constantFrom(...NAMES) })
      : fc.record({ name: fc.constantFrom(...NAMES), namespace: fc.constantFrom(...namespaces) });
  const selector = ({ metadata: at }: Named): string => `${at.namespace ?? ''}/${at.name}`;
  const one = fc.tuple(metadata, content).map(([at, rest]) => Object.assign({ metadata: at }, rest));
  return fc.uniqueArray(one as fc.Arbitrary<Named & T>, { selector, maxLength: 7 });
}

const roleRef = (...kinds: RoleRef['kind'][]) =>
  fc.record({
    apiGroup: fc.constant(RBAC),
    kind: fc.constantFrom(...kinds),
    name: fc.constantFrom(...NAMES),
  });
const binding = (...kinds: RoleRef['kind'][]) =>
  fc.record({ roleRef: roleRef(...kinds), subjects: fc.array(subject, { maxLength: 3 }) });

/** A path is in no namespace. */
const asked = fc
  .record<Asked>({
    user,
    verb: fc.constantFrom('get', 'list', 'create', 'delete', '*'),
    path: fc.constantFrom('/a', '/a/', '/a/b', '/ab', '/b/c', '/', '*'),
    isResource: fc.boolean(),
    group: fc.constantFrom('', 'apps', 'batch', '*'),
    resource: fc.constantFrom('pods', 'jobs', 'pods/log', '*'),
    subresource: fc.constantFrom('', 'log', 'status'),
    namespace: fc.constantFrom('', 'ci', 'dev', 'prod'),
    name: fc.constantFrom('', 'a', 'c', '*'),
  })
  .map((one) => (one.isResource ? one : Object.assign(one, { namespace: '' })));

/** Ten requests and five gifts for each set of roles. */
export const policies: fc.Arbitrary<PolicyQuestion> = fc.record({
  roles: objects(fc.record({ rules }), NAMESPACES),
  clusterRoles: objects(fc.record({ rules }), undefined),
  roleBindings: objects(binding('Role', 'ClusterRole'), NAMESPACES),
  clusterRoleBindings: objects(binding('ClusterRole'), undefined),
  requests: fc.array(asked, { minLength: 10, maxLength: 10 }),
  given: fc.array(fc.record({ user, namespace: fc.constantFrom('', 'ci', 'dev'), rules }), {
    minLength: 5,
    maxLength: 5,
  }),
});
