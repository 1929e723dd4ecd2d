import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '#api/client/connect';
import { systemClock } from '#api/machinery/clock';
import { startControllers } from '#controllers/main';
import { testApi } from '../../kit/api.ts';
import type { ApiAnswer, ApiRequest, TestApi } from '../../kit/api.ts';
import { witnessLogger } from '../../kit/witness-logger.ts';

/** Eve has others do what she may not: the garbage collector, the controllers, the server itself. */

const CORE = '/api/v1/namespaces';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const V1 = '/apis/agent.wecode.io/v1/namespaces';
const ALPHA = '/apis/agent.wecode.io/v1alpha1/namespaces';
const OWN = `${CORE}/own/configmaps`;
const OTHER = `${CORE}/other/configmaps`;

interface Kept {
  metadata: {
    uid: string;
    finalizers?: string[];
    ownerReferences?: object[];
    labels?: object;
    resourceVersion: string;
  };
  spec?: { prompt?: string };
  status?: { revision?: string };
}

const stack = new AsyncDisposableStack();
let api: TestApi;

beforeAll(async () => {
  api = stack.use(await testApi());
  for (const name of ['own', 'other']) await made(CORE, { metadata: { name } });
  // All of `own`, but for giving rights; and the status of Tasks elsewhere.
  await bind('edit', 'own', 'edit');
  await made(`${RBAC}/clusterroles`, {
    metadata: { name: 'status-writer' },
    rules: [
      { verbs: ['get', 'update', 'patch'], apiGroups: ['agent.wecode.io'], resources: ['tasks/status'] },
    ],
  });
  await bind('status', 'other', 'status-writer');
  const connection = await connect({ kubeconfig: api.kubeconfig });
  stack.defer(() => connection.close());
  const log = stack.use(witnessLogger('the controllers'));
  const manager = await startControllers({ client: connection.client, logger: log, clock: systemClock });
  stack.defer(() => manager.stop());
});
afterAll(() => stack.disposeAsync());

async function made(path: string, body: object): Promise<Kept> {
  const answer = await api.send(path, { method: 'POST', body });
  expect(answer.status, answer.text).toBe(201);
  return answer.json() as unknown as Kept;
}

async function bind(name: string, namespace: string, role: string): Promise<void> {
  await made(`${RBAC}/namespaces/${namespace}/rolebindings`, {
    metadata: { name },
    roleRef: { kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'User', name: 'eve' }],
  });
}

const asEve = (path: string, request: ApiRequest = {}): Promise<ApiAnswer> =>
  api.send(path, { ...request, headers: { ...request.headers, 'impersonate-user': 'eve' } });
const post = (body: object): ApiRequest => ({ method: 'POST', body });
const patch = (type: string, body: object): ApiRequest => ({
  method: 'PATCH',
  headers: { 'content-type': `application/${type}` },
  body,
});
const read = async (path: string): Promise<Kept> => (await api.send(path)).json() as unknown as Kept;
const ownedBy = (uid: string, more: object = {}) => ({
  ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'victim', uid, ...more }],
});

describe('the garbage collector', () => {
  it('deletes what names an owner elsewhere, and leaves the owner and what is his alone', async () => {
    const victim = await made(OTHER, { metadata: { name: 'victim' } });
    const child = await made(OTHER, { metadata: { name: 'child', ...ownedBy(victim.metadata.uid) } });
    const forged = [
      ['of-another-namespace', ownedBy(victim.metadata.uid)],
      ['of-nobody', ownedBy('00000000-0000-4000-8000-000000000000')],
      ['of-another-kind', ownedBy(victim.metadata.uid, { kind: 'Secret' })],
    ] as const;
    for (const [name, owners] of forged) {
      expect((await asEve(OWN, post({ metadata: { name, ...owners } }))).status, name).toBe(201);
    }
    for (const [name] of forged) {
      await expect
        .poll(async () => (await api.send(`${OWN}/${name}`)).status, { timeout: 20_000, interval: 50 })
        .toBe(404);
    }
    expect((await read(`${OTHER}/victim`)).metadata.uid).toBe(victim.metadata.uid);
    expect((await read(`${OTHER}/child`)).metadata.uid).toBe(child.metadata.uid);
  });

  it('is not sent after dependents by the options of a delete of somebody else’s owner', async () => {
    for (const propagationPolicy of ['Foreground', 'Background', 'Orphan']) {
      const answer = await asEve(`${OTHER}/victim`, { method: 'DELETE', body: { propagationPolicy } });
      expect(answer.status).toBe(403);
    }
    expect((await read(`${OTHER}/victim`)).metadata.finalizers).toBeUndefined();
  });

  it('is not held up by an owner whose kind hides what it is', async () => {
    const kinds = [
      { kind: 'NoSuch' },
      { kind: 'configmap' },
      { apiVersion: 'v2' },
      { apiVersion: 'apps/v1', kind: 'Deployment' },
    ];
    for (const kind of kinds) {
      const metadata = { generateName: 'k-', ...ownedBy('u', { blockOwnerDeletion: true, ...kind }) };
      const { status, text } = await asEve(OWN, post({ metadata }));
      expect([status, text]).toEqual([403, expect.stringContaining('cannot set blockOwnerDeletion')]);
    }
  });
});

describe('a write of status', () => {
  const task = (name: string): string => `${V1}/other/tasks/${name}`;

  it.each<[string, (before: Kept) => ApiRequest]>([
    [
      'PUT',
      (before) => ({
        method: 'PUT',
        body: {
          ...before,
          metadata: { ...before.metadata, ...EVIL },
          spec: { ...before.spec, prompt: 'evil', cancel: true },
        },
      }),
    ],
    [
      'merge patch',
      () => patch('merge-patch+json', { metadata: EVIL, spec: { prompt: 'evil', cancel: true } }),
    ],
    [
      'JSON patch',
      () =>
        patch('json-patch+json', [
          { op: 'add', path: '/metadata/finalizers', value: EVIL.finalizers },
          { op: 'replace', path: '/spec/prompt', value: 'evil' },
        ]),
    ],
    [
      'apply',
      () =>
        patch('apply-patch+yaml', {
          apiVersion: 'agent.wecode.io/v1',
          kind: 'Task',
          metadata: EVIL,
          spec: { prompt: 'evil', teamRef: { name: 'evil' } },
        }),
    ],
  ])('changes neither owners, finalizers nor the spec: %s', async (what, request) => {
    const name = `t-${what.toLowerCase().replace(' ', '-')}`;
    const spec = { prompt: 'good', teamRef: { name: 'team' } };
    const before = await made(`${V1}/other/tasks`, {
      ...{ apiVersion: 'agent.wecode.io/v1', kind: 'Task', metadata: { name } },
      spec,
    });
    const query = what === 'apply' ? '?fieldManager=eve&force=true' : '';
    const current = await read(task(name));
    const { status } = await asEve(
      `${task(name)}/status${query}`,
      request({ ...current, spec: { ...before.spec } }),
    );
    expect([200, 409, 422]).toContain(status);
    const after = await read(task(name));
    expect(after.metadata.finalizers).toBeUndefined();
    expect(after.metadata.ownerReferences).toBeUndefined();
    expect(after.metadata.labels ?? {}).not.toHaveProperty('evil');
    expect(after.spec).toMatchObject(spec);
    expect(after.spec).not.toHaveProperty('cancel', true);
  });

  const EVIL = {
    finalizers: ['evil.example/stay'],
    labels: { evil: 'yes' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'u' }],
  };

  it('and a delete of Tasks by status are not there for who may not', async () => {
    for (const method of ['DELETE', 'POST'] as const)
      expect(
        (await asEve(`${task('t-put')}/status`, { method, body: {} })).status,
        method,
      ).toBeGreaterThanOrEqual(403);
    expect((await asEve(task('t-put'), { method: 'DELETE' })).status).toBe(403);
  });
});

describe('what the controllers make', () => {
  it('is not made by who may edit: a Sandbox could name any Secret, a TaskRevision any program', async () => {
    for (const plural of ['sandboxes', 'taskrevisions', 'skillpackages']) {
      const { status, text } = await asEve(
        `${ALPHA}/own/${plural}`,
        post({ metadata: { name: 'x' }, spec: {} }),
      );
      expect([status, text]).toEqual([403, expect.stringContaining('cannot create resource')]);
    }
    for (const kind of ['tasks', 'bots', 'teams', 'models'])
      expect((await asEve(`${V1}/own/${kind}/x/status`, patch('merge-patch+json', {}))).status, kind).toBe(
        403,
      );
  });

  it('does not name what its Task may not use, as its user says it', async () => {
    const user = { name: 'troupe-admin', groups: ['system:masters'] };
    const spec = { prompt: 'p', teamRef: { name: 'team', namespace: 'own' }, user };
    await made(`${V1}/own/teams`, {
      apiVersion: 'agent.wecode.io/v1',
      kind: 'Team',
      metadata: { name: 'team' },
      spec: { collaborationModel: 'solo', members: [{ botRef: { name: 'bot' } }] },
    });
    const body = { apiVersion: 'agent.wecode.io/v1', kind: 'Task', metadata: { name: 'forged' }, spec };
    const answer = await asEve(`${V1}/own/tasks`, post(body));
    expect(answer.json()).toMatchObject({ spec: { user: { name: 'eve' } } });
    const changed = await asEve(`${V1}/own/tasks/forged`, patch('merge-patch+json', { spec: { user } }));
    expect(changed.json()).toMatchObject({ spec: { user: { name: 'eve' } } });
  });
});

describe('a namespace', () => {
  it('is neither finalized, nor kept, nor emptied by who may edit in it', async () => {
    expect(
      (await asEve('/api/v1/namespaces/own/finalize', { method: 'PUT', body: { metadata: { name: 'own' } } }))
        .status,
    ).toBe(403);
    expect(
      (
        await asEve(
          '/api/v1/namespaces/own',
          patch('merge-patch+json', { metadata: { finalizers: ['a.b/c'] } }),
        )
      ).status,
    ).toBe(403);
    expect((await asEve('/api/v1/namespaces/own', { method: 'DELETE' })).status).toBe(403);
    expect((await asEve(`${RBAC}/namespaces/own/rolebindings`, { method: 'DELETE' })).status).toBe(403);
  });
});
