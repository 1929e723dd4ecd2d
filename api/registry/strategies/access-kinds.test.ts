import { describe, expect, it } from 'vitest';
import type { Unstructured } from '../../machinery/meta.ts';
import { loadDefinitions } from '../../schema/load-crds.ts';
import { validateWrite } from '../write/validate-write.ts';
import { strategyOf } from './strategies.ts';

/** Roles and bindings: kubernetes pkg/apis/rbac/validation and v1/defaults.go. */

const RBAC = 'rbac.authorization.k8s.io';
const definitions = loadDefinitions().filter(({ group }) => group === RBAC);

function resourceOf(kind: string) {
  const found = definitions.find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`no kind ${kind}`);
  return found;
}

function whole(kind: string, content: object): Unstructured {
  const resource = resourceOf(kind);
  const namespace = resource.scope === 'Namespaced' ? { namespace: 'default' } : {};
  const metadata = { name: 'system:x', ...namespace };
  const object = resource.compiled.applyDefaults({
    apiVersion: `${RBAC}/v1`,
    kind,
    metadata,
    ...content,
  });
  return strategyOf(resource).applyDefaults?.(object) ?? object;
}

function texts(kind: string, content: object, previous?: object): string[] {
  try {
    validateWrite(resourceOf(kind), whole(kind, content), previous && whole(kind, previous));
    return [];
  } catch (error) {
    const { details } = error as { details: { causes: { field: string; message: string }[] } };
    return details.causes.map(({ field, message }) => `${field}: ${message}`);
  }
}

const ruleCases: [string, object, string[]][] = [
  ['Role', {}, []],
  ['Role', { verbs: ['get'], apiGroups: [''], resources: ['pods'] }, []],
  [
    'Role',
    { verbs: ['get'], nonResourceURLs: ['/x'] },
    ['nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs'],
  ],
  ['ClusterRole', { verbs: ['get'], nonResourceURLs: ['/x'] }, []],
  [
    'ClusterRole',
    { verbs: ['get'], nonResourceURLs: ['/x'], resources: ['pods'] },
    [
      'nonResourceURLs: Invalid value: ["/x"]: rules cannot apply to both regular resources and non-resource URLs',
    ],
  ],
  ['ClusterRole', { apiGroups: [''], resources: ['pods'] }, ['verbs: Required value']],
  ['ClusterRole', { verbs: [], apiGroups: [''], resources: ['pods'] }, ['verbs: Required value']],
  ['ClusterRole', { verbs: null, apiGroups: [''], resources: ['pods'] }, ['verbs: Required value']],
  [
    'Role',
    { verbs: ['get'] },
    [
      'apiGroups: Required value: resource rules must supply at least one api group',
      'resources: Required value: resource rules must supply at least one resource',
    ],
  ],
];

describe('rules', () => {
  it.each(ruleCases)('of a %s: %j', (kind, rule, want) => {
    const rules = Object.keys(rule).length === 0 ? [] : [rule];
    expect(texts(kind, { rules })).toEqual(want.map((text) => `rules[0].${text}`));
  });

  it.each(['Role', 'ClusterRole'])('of a %s are null where there are none', (kind) => {
    for (const content of [{}, { rules: [] }, { rules: null }]) {
      const role = whole(kind, content);
      expect(role).not.toHaveProperty('rules');
      expect(strategyOf(resourceOf(kind)).canonicalize?.(role)).toHaveProperty('rules', null);
    }
  });
});

describe('aggregation', () => {
  const at = 'aggregationRule.clusterRoleSelectors';
  const unusable = `${at}[0]: Invalid value: null: invalid label selector.`;
  const selecting = (...clusterRoleSelectors: object[]) => ({ aggregationRule: { clusterRoleSelectors } });

  it.each<[object, string[]]>([
    [selecting({ matchLabels: { a: 'b' } }), []],
    [
      selecting(),
      [`${at}: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil`],
    ],
    [
      selecting({ matchExpressions: [{ key: 'a', operator: 'In' }] }),
      [
        `${at}[0].matchExpressions[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`,
        unusable,
      ],
    ],
    [
      selecting({ matchExpressions: [{ key: 'a', operator: 'Exists', values: ['x'] }] }),
      [
        `${at}[0].matchExpressions[0].values: Forbidden: may not be specified when \`operator\` is 'Exists' or 'DoesNotExist'`,
        unusable,
      ],
    ],
    [
      selecting({ matchExpressions: [{ key: 'a', operator: 'Near' }] }),
      [
        `${at}[0].matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator`,
        unusable,
      ],
    ],
  ])('%j', (content, want) => expect(texts('ClusterRole', content)).toEqual(want));
});

describe('bindings', () => {
  const ref = { kind: 'ClusterRole', name: 'view' };
  const bound = (...subjects: object[]) => ({ roleRef: ref, subjects });
  const user = { kind: 'User', name: 'jane' };

  it('get the groups of what they name', () => {
    const account = { kind: 'ServiceAccount', apiGroup: '', name: 'bot', namespace: '' };
    expect(whole('RoleBinding', bound(user, account))).toMatchObject({
      subjects: [
        { kind: 'User', apiGroup: RBAC, name: 'jane' },
        { kind: 'ServiceAccount', name: 'bot' },
      ],
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'view' },
    });
    expect(whole('RoleBinding', { roleRef: ref, subjects: [] })).not.toHaveProperty('subjects');
  });

  it.each<[string, object, string[]]>([
    ['RoleBinding', bound(user, { kind: 'Group', name: 'g' }, { kind: 'ServiceAccount', name: 's' }), []],
    ['RoleBinding', { roleRef: { kind: 'Role', name: 'r' } }, []],
    [
      'ClusterRoleBinding',
      { roleRef: { kind: 'Role', name: 'r' } },
      ['roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"'],
    ],
    [
      'RoleBinding',
      {},
      [
        'roleRef.kind: Unsupported value: "": supported values: "Role", "ClusterRole"',
        'roleRef.name: Required value',
      ],
    ],
    [
      'RoleBinding',
      { roleRef: { ...ref, apiGroup: 'x', name: 'a/b' } },
      [
        `roleRef.apiGroup: Unsupported value: "x": supported values: "${RBAC}"`,
        `roleRef.name: Invalid value: "a/b": may not contain '/'`,
      ],
    ],
    [
      'ClusterRoleBinding',
      bound({ kind: 'ServiceAccount', name: 's' }),
      ['subjects[0].namespace: Required value'],
    ],
    [
      'RoleBinding',
      bound({ kind: 'ServiceAccount', apiGroup: RBAC, name: 's' }),
      [`subjects[0].apiGroup: Unsupported value: "${RBAC}": supported values: ""`],
    ],
    [
      'RoleBinding',
      bound({ kind: 'Robot' }),
      [
        'subjects[0].name: Required value',
        'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
      ],
    ],
    [
      'RoleBinding',
      bound({ ...user, apiGroup: 'x' }),
      [`subjects[0].apiGroup: Unsupported value: "x": supported values: "${RBAC}"`],
    ],
    [
      'RoleBinding',
      bound('jane' as unknown as object),
      ['subjects[0]: Invalid value: "string": subjects[0] in body must be of type object: "string"'],
    ],
  ])('%s %j', (kind, content, want) => expect(texts(kind, content)).toEqual(want));

  it('keep the role that they give', () => {
    const other = { roleRef: { kind: 'ClusterRole', name: 'edit' }, subjects: [user] };
    expect(texts('RoleBinding', other, bound(user))).toEqual([
      `roleRef: Invalid value: {"APIGroup":"${RBAC}","Kind":"ClusterRole","Name":"edit"}: field is immutable`,
    ]);
    expect(texts('RoleBinding', bound(), bound(user)), 'subjects may change').toEqual([]);
  });
});
