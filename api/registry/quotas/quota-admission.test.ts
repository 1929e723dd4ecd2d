import { afterAll, beforeAll, expect, it } from 'vitest';
import { silentLogger } from '../../machinery/logger.ts';
import { API_SERVER_USER } from '../../machinery/users/user.ts';
import { loadDefinitions } from '../../schema/load-crds.ts';
import type { Store } from '../../storage/contract/store.ts';
import { openStore } from '../../storage/open-store.ts';
import type { ResourceQuota } from '../../types/resource-quota.ts';
import type { AdmissionRequest } from '../admission/admission.ts';
import { createCatalog } from '../catalog.ts';
import { quotaAdmission } from './quota-admission.ts';

let store: Store;
beforeAll(async () => {
  store = await openStore({ url: 'sqlite::memory:', logger: silentLogger });
});
afterAll(() => store.close());

const resource = createCatalog(loadDefinitions())
  .current()
  .find(({ kind, version }) => kind === 'Task' && version === 'v1');
const COUNT = 'count/tasks.agent.wecode.io';

let made = 0;
async function namespaceWith(status: ResourceQuota['status']): Promise<string> {
  made += 1;
  const namespace = `n${made}`;
  const object = {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'q', namespace },
    spec: {},
    status,
  };
  await store.commit({ op: 'create', key: keyOf(namespace), object });
  return namespace;
}

const keyOf = (namespace: string) => ({ resource: 'resourcequotas', namespace, name: 'q' });

function requestIn(namespace: string, more: Partial<AdmissionRequest> = {}): AdmissionRequest {
  if (resource === undefined) throw new Error('no Task');
  const object = { apiVersion: 'agent.wecode.io/v1', kind: 'Task', metadata: { name: 't', namespace } };
  const base = {
    resource,
    subresource: undefined,
    namespace,
    name: 't',
    user: API_SERVER_USER,
    dryRun: false,
  };
  return { ...base, operation: 'CREATE', object, previous: undefined, ...more } as AdmissionRequest;
}

const replica = (of: Pick<Store, 'list' | 'commit'> = store) =>
  quotaAdmission({ store: of, hasQuotas: () => true });

async function usedIn(namespace: string): Promise<string | undefined> {
  const quota: ResourceQuota | undefined = (await store.get(keyOf(namespace)))?.object;
  return quota?.status?.used?.[COUNT];
}

it('of replicas that see the last places, none gives one twice', async () => {
  const namespace = await namespaceWith({ hard: { [COUNT]: '7' }, used: { [COUNT]: '2' } });
  const replicas = [replica(), replica(), replica()];
  const asked = replicas.flatMap((one) => [1, 2, 3].map(async () => one.validate(requestIn(namespace))));
  const results = await Promise.allSettled(asked);
  // One that has lost against others again and again fails, and its object is not made.
  const admitted = results.filter(({ status }) => status === 'fulfilled').length;
  expect(admitted).toBeLessThanOrEqual(5);
  expect(Number(await usedIn(namespace))).toBe(2 + admitted);
});

it('looks again when another write came first', async () => {
  const namespace = await namespaceWith({ hard: { [COUNT]: '2' }, used: { [COUNT]: '0' } });
  let isFirst = true;
  const late = {
    list: store.list.bind(store),
    async commit(mutation: Parameters<Store['commit']>[0]) {
      if (isFirst) {
        isFirst = false;
        await replica().validate(requestIn(namespace));
      }
      return store.commit(mutation);
    },
  };
  await replica(late).validate(requestIn(namespace));
  expect(await usedIn(namespace)).toBe('2');
});

it.each([
  {
    reason: 'it is not counted yet',
    status: { hard: { [COUNT]: '2' } },
    message: `tasks.agent.wecode.io "t" is forbidden: status unknown for quota: q, resources: ${COUNT}`,
  },
  {
    reason: 'it is used up',
    status: { hard: { [COUNT]: '1k' }, used: { [COUNT]: '1000' } },
    message: `tasks.agent.wecode.io "t" is forbidden: exceeded quota: q, requested: ${COUNT}=1, used: ${COUNT}=1k, limited: ${COUNT}=1k`,
  },
])('refuses: $reason', async ({ status, message }) => {
  const namespace = await namespaceWith(status);
  await expect((async () => replica().validate(requestIn(namespace)))()).rejects.toMatchObject({ message });
});

it.each([
  { reason: 'a quota without limits in force', status: {} },
  { reason: 'another kind', status: { hard: { 'count/ghosts.agent.wecode.io': '0' }, used: {} } },
  {
    reason: 'an update',
    status: { hard: { [COUNT]: '0' }, used: { [COUNT]: '0' } },
    more: { operation: 'UPDATE' } as Partial<AdmissionRequest>,
  },
])('lets pass: $reason', async ({ status, more }) => {
  const namespace = await namespaceWith(status);
  await replica().validate(requestIn(namespace, more));
});
