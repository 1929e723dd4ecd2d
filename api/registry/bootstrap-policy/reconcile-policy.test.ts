import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../machinery/clock.ts';
import { silentLogger } from '../../machinery/logger.ts';
import { API_SERVER_USER } from '../../machinery/users/user.ts';
import { loadDefinitions } from '../../schema/load-crds.ts';
import type { Store } from '../../storage/contract/store.ts';
import { openStore } from '../../storage/open-store.ts';
import type { Binding, ClusterRole } from '../../types/rbac.ts';
import { createCatalog } from '../catalog.ts';
import { createInitialNamespaces } from '../initial-namespaces.ts';
import { createRegistry } from '../registry.ts';
import type { Registry } from '../registry.ts';
import type { Target } from '../resource.ts';
import { BOOTSTRAP_POLICY } from './bootstrap-policy.ts';
import { reconcilePolicy } from './reconcile-policy.ts';

const clock: Clock = { now: () => Date.UTC(2026, 10, 29), after: () => () => undefined };
const write = { user: API_SERVER_USER, dryRun: false, fieldValidation: 'Strict' } as const;
let store: Store;
let registry: Registry;

const start = () => reconcilePolicy(registry, BOOTSTRAP_POLICY, silentLogger);

beforeAll(async () => {
  store = await openStore({ url: 'sqlite::memory:', logger: silentLogger });
  registry = createRegistry({ catalog: createCatalog(loadDefinitions()), store, clock });
  await createInitialNamespaces(registry);
  await start();
});
afterAll(() => store.close());

function target(plural: string, name: string): Target {
  const resource = registry.catalog.find({ group: 'rbac.authorization.k8s.io', version: 'v1', plural });
  if (resource === undefined) throw new Error(`no ${plural}`);
  return { resource, namespace: '', name };
}

const read = async <T>(at: Target): Promise<T> =>
  (await registry.get({ target: at, user: API_SERVER_USER })).object as T;
const patch = (at: Target, body: object) => registry.patch({ target: at, type: 'merge', body, ...write });

describe('the roles and bindings of a server', () => {
  it('give the rules of aggregated roles from the first moment on', async () => {
    const { rules } = await read<ClusterRole>(target('clusterroles', 'admin'));
    const all = (rules ?? []).flatMap(({ resources = [] }) => resources);
    expect(all).toEqual(expect.arrayContaining(['rolebindings', 'secrets', 'tasks/log']));
    const view = await read<ClusterRole>(target('clusterroles', 'view'));
    expect((view.rules ?? []).flatMap(({ resources = [] }) => resources)).not.toContain('secrets');
  });

  it('are not written again at the next start', async () => {
    const before = (await store.list({ resource: 'namespaces' })).revision;
    await start();
    expect((await store.list({ resource: 'namespaces' })).revision).toBe(before);
  });

  it('get back what was taken, and keep what was added', async () => {
    const role = target('clusterroles', 'system:basic-user');
    const added = { verbs: ['get'], apiGroups: ['x'], resources: ['y'] };
    await patch(role, { rules: [added], metadata: { labels: null } });
    const binding = target('clusterrolebindings', 'system:discovery');
    await patch(binding, { subjects: [{ kind: 'User', name: 'jane' }] });
    await start();
    const { rules, metadata } = await read<ClusterRole>(role);
    expect(rules).toHaveLength(4);
    expect(rules).toContainEqual(added);
    expect(metadata.labels).toEqual({ 'kubernetes.io/bootstrapping': 'rbac-defaults' });
    const { subjects = [] } = await read<Binding>(binding);
    expect(subjects.map(({ name }) => name)).toEqual(['jane', 'system:authenticated']);
  });

  it('stay as they are when an administrator says so', async () => {
    const role = target('clusterroles', 'system:monitoring');
    const protect = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' };
    await patch(role, { rules: [], metadata: { annotations: protect } });
    await start();
    expect((await read<ClusterRole>(role)).rules).toBeNull();
  });

  it('are made again when a binding gives another role', async () => {
    const at = target('clusterrolebindings', 'system:monitoring');
    await registry.delete({ target: at, dryRun: false, user: API_SERVER_USER });
    const roleRef = { kind: 'ClusterRole', name: 'view' };
    await registry.create({
      ...{ resource: at.resource, namespace: '', ...write },
      body: { metadata: { name: at.name }, roleRef },
    });
    await start();
    expect((await read<Binding>(at)).roleRef.name).toBe('system:monitoring');
  });
});
