import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { ApiAnswer, ApiLines, ApiRequest, TestApi } from '../../kit/api.ts';

/** Rights as they are given and taken away, by users who are not the owner. */

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const CLUSTER_ROLES = `${RBAC}/clusterroles`;
const CLUSTER_BINDINGS = `${RBAC}/clusterrolebindings`;
const inNamespace = (plural: string, namespace = 'default'): string =>
  `${RBAC}/namespaces/${namespace}/${plural}`;
const SECRETS = '/api/v1/namespaces/default/secrets';
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

let api: TestApi;
beforeAll(async () => {
  api = await testApi();
});
afterAll(() => api[Symbol.asyncDispose]());

const owner = (path: string, request: ApiRequest = {}): Promise<ApiAnswer> => api.send(path, request);

/** As somebody who is in no group but that of everybody who has logged in. */
const as = (user: string, path: string, request: ApiRequest = {}): Promise<ApiAnswer> =>
  api.send(path, { ...request, headers: { ...request.headers, 'impersonate-user': user } });

const post = (body: object): ApiRequest => ({ method: 'POST', body });
const merge = (body: object): ApiRequest => ({
  method: 'PATCH',
  headers: { 'content-type': 'application/merge-patch+json' },
  body,
});
const apply = (body: object): ApiRequest => ({
  method: 'PATCH',
  headers: { 'content-type': 'application/apply-patch+yaml' },
  body,
});
const messageOf = (answer: ApiAnswer): [number, string] => [
  answer.status,
  (answer.json() as { message?: string }).message ?? '',
];

interface Rule {
  verbs: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}
const rule = (verbs: string, group: string, resources: string, names?: string): Rule => ({
  verbs: verbs.split(' '),
  apiGroups: [group],
  resources: resources.split(' '),
  ...(names !== undefined && { resourceNames: names.split(' ') }),
});
const ofRbac = (verbs: string, resources: string, names?: string): Rule =>
  rule(verbs, 'rbac.authorization.k8s.io', resources, names);

async function made(path: string, body: object): Promise<void> {
  const { status, text } = await owner(path, post(body));
  if (status !== 201) throw new Error(text);
}

/** Gives a user rights, by a ClusterRole of that name; in one namespace, or everywhere. */
async function give(user: string, namespace: string, ...rules: Rule[]): Promise<void> {
  await made(CLUSTER_ROLES, { metadata: { name: user }, rules });
  const subjects = [{ kind: 'User', name: user }];
  const body = { metadata: { name: user }, roleRef: { kind: 'ClusterRole', name: user }, subjects };
  await made(namespace === '' ? CLUSTER_BINDINGS : inNamespace('rolebindings', namespace), body);
}

const bindingTo = (name: string, kind = 'ClusterRole') => ({
  metadata: { generateName: 'b-' },
  roleRef: { kind, name },
  subjects: [{ kind: 'User', name: 'somebody' }],
});

describe('a right counts', () => {
  it('from the moment it is acknowledged until it is taken away', async () => {
    const READ = `${SECRETS}?limit=1`;
    expect((await as('ann', READ)).status).toBe(403);
    await give('ann', 'default', rule('list', '', 'secrets'));
    expect((await as('ann', READ)).status).toBe(200);
    expect((await as('ann', '/api/v1/namespaces/system/secrets')).status, 'not elsewhere').toBe(403);
    await owner(`${CLUSTER_ROLES}/ann`, merge({ rules: [rule('get', '', 'secrets')] }));
    expect((await as('ann', READ)).status, 'the role has changed').toBe(403);
    await owner(`${CLUSTER_ROLES}/ann`, merge({ rules: [rule('list', '', 'secrets')] }));
    expect((await as('ann', READ)).status).toBe(200);
    await owner(`${inNamespace('rolebindings')}/ann`, { method: 'DELETE' });
    expect((await as('ann', READ)).status).toBe(403);
  });

  it('for names only where a request has one', async () => {
    await give('bea', 'default', rule('get list delete deletecollection create', '', 'secrets', 'one'));
    const selected = (name: string): string => `${SECRETS}?fieldSelector=metadata.name%3D${name}`;
    const statuses = await Promise.all([
      as('bea', `${SECRETS}/one`),
      as('bea', `${SECRETS}/two`),
      as('bea', SECRETS),
      as('bea', selected('one')),
      as('bea', selected('two')),
      as('bea', selected('one'), { method: 'DELETE' }),
      as('bea', SECRETS, post({ metadata: { name: 'one' } })),
    ]);
    expect(statuses.map(({ status }) => status)).toEqual([404, 403, 403, 200, 403, 403, 403]);
  });
});

describe('nobody gives what he has not:', () => {
  beforeAll(async () => {
    const roles = ofRbac(
      'create update patch delete get',
      'roles rolebindings clusterroles clusterrolebindings',
    );
    await give(
      'carl',
      'default',
      roles,
      rule('get list', '', 'configmaps'),
      rule('get', '', 'secrets', 'one'),
    );
    await give('dora', '', roles, rule('get', '', 'configmaps'));
    await give('emil', 'default', roles, ofRbac('bind', 'clusterroles', 'edit'), ofRbac('escalate', 'roles'));
    await made(CLUSTER_ROLES, { metadata: { name: 'reader' }, rules: [rule('get', '', 'configmaps')] });
  });

  it.each<[string, string, object, number]>([
    ['carl', 'roles', { rules: [rule('get', '', 'configmaps')] }, 201],
    ['carl', 'roles', { rules: [rule('get', '', 'configmaps', 'x')] }, 201],
    ['carl', 'roles', { rules: [rule('get', '', 'secrets', 'one')] }, 201],
    ['carl', 'roles', { rules: [rule('get', '', 'secrets')] }, 403],
    ['carl', 'roles', { rules: [rule('*', '', 'configmaps')] }, 403],
    ['carl', 'roles', { rules: [rule('get', '*', 'configmaps')] }, 403],
    ['carl', 'rolebindings', bindingTo('reader'), 201],
    ['carl', 'rolebindings', bindingTo('edit'), 403],
    ['carl', 'rolebindings', bindingTo('nobody-has-made-it'), 404],
    ['emil', 'rolebindings', bindingTo('edit'), 201],
    ['emil', 'rolebindings', bindingTo('admin'), 403],
    ['emil', 'rolebindings', bindingTo('nobody-has-made-it'), 404],
    ['emil', 'roles', { rules: [rule('*', '*', '*')] }, 201],
  ])('%s writes %s %j: %s', async (user, plural, body, status) => {
    const answer = await as(user, inNamespace(plural), post({ metadata: { generateName: 'r-' }, ...body }));
    expect(answer.status, answer.text).toBe(status);
  });

  it.each<[string, string, object, number]>([
    ['dora', CLUSTER_ROLES, { rules: [rule('get', '', 'configmaps')] }, 201],
    ['dora', CLUSTER_ROLES, { rules: [{ verbs: ['get'], nonResourceURLs: ['/metrics'] }] }, 403],
    ['dora', CLUSTER_ROLES, { rules: [{ verbs: ['get'], nonResourceURLs: ['/version'] }] }, 201],
    ['dora', CLUSTER_BINDINGS, bindingTo('reader'), 201],
    ['dora', CLUSTER_BINDINGS, bindingTo('cluster-admin'), 403],
    ['carl', CLUSTER_BINDINGS, bindingTo('reader'), 403],
  ])('for the whole cluster %s writes %s %j: %s', async (user, path, body, status) => {
    const answer = await as(user, path, post({ metadata: { generateName: 'r-' }, ...body }));
    expect(answer.status, answer.text).toBe(status);
  });

  it('a role is labelled for aggregation only with rules that its writer has', async () => {
    const labels = { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' };
    const body = (rules: Rule[]) => post({ metadata: { generateName: 'r-', labels }, rules });
    expect((await as('dora', CLUSTER_ROLES, body([rule('get', '', 'secrets')]))).status).toBe(403);
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] };
    const aggregating = post({ metadata: { name: 'x' }, aggregationRule });
    expect(messageOf(await as('dora', CLUSTER_ROLES, aggregating))).toEqual([
      403,
      'clusterroles.rbac.authorization.k8s.io "x" is forbidden: must have cluster-admin privileges to use the aggregationRule',
    ]);
  });

  it('an update is judged like a create, however it is written', async () => {
    await made(inNamespace('roles'), { metadata: { name: 'grown' }, rules: [] });
    const path = `${inNamespace('roles')}/grown`;
    const more = { rules: [rule('delete list', '', 'secrets'), rule('get', '', 'pods')] };
    const refused = [
      403,
      'roles.rbac.authorization.k8s.io "grown" is forbidden: user "carl" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
        '{APIGroups:[""], Resources:["pods"], Verbs:["get"]}\n' +
        '{APIGroups:[""], Resources:["secrets"], Verbs:["delete" "list"]}',
    ];
    expect(messageOf(await as('carl', path, merge(more)))).toEqual(refused);
    const whole = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'grown' },
      ...more,
    };
    expect(messageOf(await as('carl', path, { method: 'PUT', body: whole }))).toEqual(refused);
    expect(messageOf(await as('carl', `${path}?fieldManager=m&force=true`, apply(whole)))).toEqual(refused);
  });

  it('owners and finalizers of a role may change without its rights', async () => {
    const rules = [rule('*', '*', '*')];
    await made(inNamespace('roles'), { metadata: { name: 'kept', finalizers: ['a/b'] }, rules });
    const path = `${inNamespace('roles')}/kept`;
    expect((await as('carl', path, merge({ metadata: { labels: { a: 'b' } } }))).status).toBe(403);
    expect((await as('carl', path, merge({ metadata: { finalizers: null } }))).status).toBe(200);
  });

  it('a binding never gets another role', async () => {
    await made(inNamespace('rolebindings'), { ...bindingTo('reader'), metadata: { name: 'fixed' } });
    const change = merge({ roleRef: { name: 'edit' } });
    const answer = await owner(`${inNamespace('rolebindings')}/fixed`, change);
    expect(messageOf(answer)).toEqual([422, expect.stringContaining('roleRef: Invalid value: ')]);
    expect(messageOf(answer)[1]).toContain('field is immutable');
  });
});

describe('an apply that makes an object', () => {
  it('takes the right to create it', async () => {
    await give('fred', 'default', rule('patch get', '', 'configmaps'));
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'new' } };
    const path = `${CONFIG_MAPS}/new?fieldManager=m`;
    expect(messageOf(await as('fred', path, apply(body)))).toEqual([403, 'configmaps "new" is forbidden: ']);
    await owner(`${CLUSTER_ROLES}/fred`, merge({ rules: [rule('patch create', '', 'configmaps')] }));
    expect((await as('fred', path, apply(body))).status).toBe(201);
  });
});

describe('owner references', () => {
  const owned = (uid: string, blockOwnerDeletion: boolean) => ({
    ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'boss', uid, blockOwnerDeletion }],
  });

  it('are no way to delete, or to keep, what is of somebody else', async () => {
    await give('gina', 'default', rule('create update patch get', '', 'configmaps'));
    const { metadata } = (
      await owner(CONFIG_MAPS, post({ metadata: { name: 'boss' } }))
    ).json() as unknown as {
      metadata: { uid: string };
    };
    const { uid } = metadata;
    await made(CONFIG_MAPS, { metadata: { name: 'victim' } });
    const victim = `${CONFIG_MAPS}/victim`;
    expect(messageOf(await as('gina', victim, merge({ metadata: owned(uid, false) })))).toEqual([
      403,
      `configmaps "victim" is forbidden: cannot set an ownerRef on a resource you can't delete: , <nil>`,
    ]);
    const mine = (block: boolean): ApiRequest =>
      post({ metadata: { generateName: 'mine-', ...owned(uid, block) } });
    expect((await as('gina', CONFIG_MAPS, mine(false))).status, 'of an object that one makes').toBe(201);
    expect(messageOf(await as('gina', CONFIG_MAPS, mine(true)))).toEqual([
      403,
      expect.stringContaining(
        `cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: , <nil>`,
      ),
    ]);
    const more = [rule('create', '', 'configmaps'), rule('update', '', 'configmaps/finalizers', 'boss')];
    await owner(`${CLUSTER_ROLES}/gina`, merge({ rules: more }));
    expect((await as('gina', CONFIG_MAPS, mine(true))).status).toBe(201);
  });
});

/** Reads on, to the end. @throws Error for an answer that was cut */
async function rest(lines: ApiLines): Promise<void> {
  let line = await lines.next();
  while (line !== undefined) line = await lines.next();
}

describe('a backup', () => {
  it('is cut when the right to it is taken away', async () => {
    // More than what is on its way between the two: it ends only when its reader takes all of it.
    for (let n = 0; n < 20; n++) {
      const text = randomBytes(500_000).toString('base64');
      await made(CONFIG_MAPS, { metadata: { name: `large-${n}` }, data: { text } });
    }
    const backup: Rule = { verbs: ['get'], nonResourceURLs: ['/admin/backup'] };
    await give('ivan', '', backup, rule('watch', '', 'configmaps'));
    const asIvan = { 'impersonate-user': 'ivan' };
    await using stream = await api.lines('/admin/backup', asIvan);
    expect(stream.status).toBe(200);
    // It is judged after the backup, which is older.
    await using watch = await api.lines(`${CONFIG_MAPS}?watch=1`, asIvan);
    await owner(`${CLUSTER_BINDINGS}/ivan`, { method: 'DELETE' });
    await rest(watch);
    await expect(rest(stream)).rejects.toThrow('other side closed');
    expect((await as('ivan', '/admin/backup')).status).toBe(403);
  });
});

describe('a watch', () => {
  it('ends when the right to it is taken away', async () => {
    await give('hugo', 'default', rule('watch', '', 'configmaps'));
    await using watch = await api.lines(`${CONFIG_MAPS}?watch=1`, { 'impersonate-user': 'hugo' });
    expect(watch.status).toBe(200);
    await made(CONFIG_MAPS, { metadata: { name: 'seen' } });
    const seen: (string | undefined)[] = [];
    while (!seen.at(-1)?.includes('"seen"')) seen.push(await watch.next());
    await owner(`${inNamespace('rolebindings')}/hugo`, { method: 'DELETE' });
    await made(CONFIG_MAPS, { metadata: { name: 'late' } });
    await rest(watch);
    expect((await as('hugo', `${CONFIG_MAPS}?watch=1`)).status).toBe(403);
  });
});
