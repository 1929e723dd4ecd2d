import { step } from '../step.ts';
import type { Scenario } from '../step.ts';

const RBAC = 'rbac.authorization.k8s.io';
const SPACE = 'access-reviews';
const AUTHORIZATION = { apiVersion: 'authorization.k8s.io/v1' };

const rights = {
  apiVersion: `${RBAC}/v1`,
  kind: 'Role',
  metadata: { name: 'reader' },
  rules: [
    { verbs: ['get', 'list'], apiGroups: [''], resources: ['configmaps'] },
    { verbs: ['get'], apiGroups: [''], resources: ['secrets'], resourceNames: ['one'] },
  ],
};
const binding = (name: string, roleName: string, subjects: object[]): object => ({
  apiVersion: `${RBAC}/v1`,
  kind: 'RoleBinding',
  metadata: { name },
  roleRef: { apiGroup: RBAC, kind: 'Role', name: roleName },
  subjects,
});
const ROBOT = { kind: 'ServiceAccount', name: 'robot', namespace: SPACE };

type Fields = Record<string, unknown>;

const review = (kind: string, spec: Fields, namespace?: string): object => ({
  ...AUTHORIZATION,
  kind,
  ...(namespace === undefined ? {} : { metadata: { namespace } }),
  spec,
});
const asked = (object: object) => step('create --validate=false -o yaml -f -', { stdin: [object] });
const CONFIGMAPS = { verb: 'get', resource: 'configmaps', namespace: SPACE };
const about = (resourceAttributes: Fields, more: Fields = { user: 'ann' }): object =>
  review('SubjectAccessReview', { resourceAttributes, ...more });

/** Questions about rights: by kubectl, and in all shapes that the kinds have. */
export const accessReviews: Scenario = {
  name: SPACE,
  steps: [
    step('create serviceaccount robot'),
    step('create -f -', {
      stdin: [
        rights,
        binding('people', 'reader', [
          { kind: 'User', apiGroup: RBAC, name: 'ann' },
          { kind: 'Group', apiGroup: RBAC, name: 'team' },
          ROBOT,
        ]),
        binding('broken', 'gone', [{ kind: 'User', apiGroup: RBAC, name: 'bob' }]),
      ],
    }),
    step('auth can-i get configmaps --as=ann'),
    step('auth can-i get configmaps/one --as=ann'),
    step('auth can-i get secrets --as=ann'),
    step('auth can-i get secrets/one --as=ann'),
    step('auth can-i get secrets/two --as=ann'),
    step('auth can-i list configmaps -A --as=ann'),
    step('auth can-i * * --as=ann'),
    step('auth can-i get /metrics --as=ann'),
    step('auth can-i get configmaps --as=bob'),
    step(`auth can-i get configmaps --as=system:serviceaccount:${SPACE}:robot`),
    step('auth can-i get configmaps --as=cid --as-group=team'),
    step('auth can-i get configmaps --as-group=team'),
    step('auth can-i frobnicate unknowns --as=ann'),
    step('auth can-i get configmaps --subresource=status --as=ann'),
    step('auth can-i get configmaps --quiet --as=ann'),
    step('auth whoami --as=ann'),
    asked(about(CONFIGMAPS)),
    asked(about(CONFIGMAPS, { user: 'cid', groups: ['team'] })),
    asked(about(CONFIGMAPS, { groups: ['team'] })),
    asked(about(CONFIGMAPS, { user: 'cid' })),
    asked(about(CONFIGMAPS, { user: 'bob' })),
    asked(about(CONFIGMAPS, { user: `system:serviceaccount:${SPACE}:robot` })),
    asked(about(CONFIGMAPS, { user: 'root', groups: ['system:masters'] })),
    asked(about(CONFIGMAPS, { user: 'ann', extra: { scopes: ['a'] }, uid: '7' })),
    asked(about(CONFIGMAPS, {})),
    asked(about({})),
    asked(review('SubjectAccessReview', { user: 'ann' })),
    asked(
      review('SubjectAccessReview', {
        user: 'ann',
        resourceAttributes: CONFIGMAPS,
        nonResourceAttributes: { verb: 'get', path: '/x' },
      }),
    ),
    asked(
      review('SubjectAccessReview', {
        user: 'ann',
        nonResourceAttributes: { verb: 'get', path: '/version' },
      }),
    ),
    asked(
      review('SubjectAccessReview', {
        user: 'ann',
        groups: ['system:authenticated'],
        nonResourceAttributes: { verb: 'get', path: '/version' },
      }),
    ),
    asked(
      about({
        ...CONFIGMAPS,
        verb: 'list',
        fieldSelector: { rawSelector: 'metadata.name=one' },
        labelSelector: { requirements: [{ key: 'a', operator: 'In', values: ['b'] }] },
      }),
    ),
    asked(
      about({
        ...CONFIGMAPS,
        fieldSelector: { rawSelector: 'a=b', requirements: [{ key: 'a', operator: 'In', values: ['b'] }] },
      }),
    ),
    asked(
      about({
        ...CONFIGMAPS,
        fieldSelector: { requirements: [{ key: '', operator: 'Is', values: [] }] },
        labelSelector: {
          requirements: [
            { key: 'a', operator: 'In' },
            { key: 'b', operator: 'Exists', values: ['c'] },
          ],
        },
      }),
    ),
    asked(review('LocalSubjectAccessReview', { user: 'ann', resourceAttributes: CONFIGMAPS }, SPACE)),
    asked(
      review(
        'LocalSubjectAccessReview',
        { user: 'ann', resourceAttributes: { verb: 'get', resource: 'configmaps', namespace: 'default' } },
        SPACE,
      ),
    ),
    asked(
      review(
        'LocalSubjectAccessReview',
        { user: 'ann', resourceAttributes: { verb: 'get', resource: 'configmaps' } },
        SPACE,
      ),
    ),
    asked(
      review(
        'LocalSubjectAccessReview',
        { user: 'ann', nonResourceAttributes: { verb: 'get', path: '/x' } },
        SPACE,
      ),
    ),
    asked(review('LocalSubjectAccessReview', {}, SPACE)),
    asked(review('SelfSubjectAccessReview', {})),
    asked(review('SelfSubjectAccessReview', { nonResourceAttributes: {} })),
    step(`create --validate=false -o yaml --as=ann -f -`, {
      stdin: [review('SelfSubjectRulesReview', { namespace: SPACE })],
    }),
    step('auth can-i --list --as=ann'),
    step(`create --validate=false --as=ann -f -`, { stdin: [review('SelfSubjectRulesReview', {})] }),
    step('create --validate=false --as=ann -o yaml -f -', { stdin: [about(CONFIGMAPS)] }),
    step('create --validate=false -o yaml -f -', {
      stdin: [{ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: {} }],
    }),
    step('create --validate=false -o yaml -f -', {
      stdin: [{ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: 'wrong' } }],
      output: 'any',
    }),
    step('create token robot --duration=1m'),
    step('create token robot --duration=-1m'),
    step('create token nobody'),
    step('create token robot --bound-object-kind=Secret --bound-object-name=missing'),
    step('create token robot --bound-object-kind=ConfigMap --bound-object-name=missing'),
    step('create token robot --bound-object-kind=Pod --bound-object-name=missing'),
    step('create token robot --audience=somebody', { output: 'any' }),
    step('create token robot --as=ann'),
    step('get configmaps --as=ann --as-group=system:masters --as-uid=9'),
    step('get configmaps --as=cid'),
    step('get configmaps --as-uid=9'),
    step(`get configmaps --as=system:serviceaccount:${SPACE}:robot`),
    step('delete role,rolebinding,serviceaccount --all'),
  ],
};
