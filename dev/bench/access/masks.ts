import type { Authorizer } from '#api/machinery/users/authorizer';
import { silentLogger } from '#api/machinery/logger';
import type { User } from '#api/machinery/users/user';
import { API_SERVER_USER } from '#api/machinery/users/user';
import { createCatalog } from '#api/registry/catalog';
import { createInitialNamespaces } from '#api/registry/initial-namespaces';
import { createRegistry } from '#api/registry/registry';
import type { Registry } from '#api/registry/registry';
import type { Resource } from '#api/registry/resource';
import { loadDefinitions } from '#api/schema/load-crds';
import { openStore } from '#api/storage/open-store';
import type { Figure } from '../load/figure.ts';

const MODELS = 500;
const GETS = 20_000;
const LISTS = 200;
const READER: User = { name: 'reader', groups: [] };

/** The floor of each figure is the same read by somebody who sees the values. */
const authorizer: Authorizer = {
  async authorize(user, { verb }) {
    return { verdict: user === READER && verb === 'reveal' ? 'no opinion' : 'allow', reason: '' };
  },
};

/** The time that masks add to reads of Models, in the process itself: no network, no authentication. */
export async function measureMasks(): Promise<Figure[]> {
  const store = await openStore({ url: 'sqlite::memory:', logger: silentLogger });
  try {
    const registry = createRegistry({ catalog: createCatalog(loadDefinitions()), store, authorizer });
    await createInitialNamespaces(registry);
    const resource = registry.catalog.current().find(({ kind }) => kind === 'Model') as Resource;
    for (let number = 0; number < MODELS; number++) await createModel(registry, resource, number);
    const get = (user: User) => (count: number) =>
      registry.get({ target: { resource, namespace: 'default', name: `m${count % MODELS}` }, user });
    const list = (user: User) => async () => {
      const { items } = await registry.list({ resource, namespace: 'default', user });
      for (const item of items) item.json();
    };
    const once = async (run: () => Promise<unknown>): Promise<number> => microseconds(1, run);
    await list(API_SERVER_USER)();
    const first = await once(list(READER));
    return [
      figure('get a Model, masked', await both(GETS, get)),
      figure(`list ${MODELS} Models, masked`, await both(LISTS, list)),
      { name: `mask ${MODELS} Models for the first time`, on: 'sqlite', value: shown(first) },
    ];
  } finally {
    await store.close();
  }
}

async function createModel(registry: Registry, resource: Resource, number: number): Promise<void> {
  const env = {
    model: 'claude',
    model_id: 'claude-sonnet',
    api_key: `sk-ant-${number}`,
    base_url: 'https://h',
  };
  await registry.create({
    ...{ resource, namespace: 'default', user: API_SERVER_USER, dryRun: false, fieldValidation: 'Ignore' },
    body: {
      apiVersion: 'agent.wecode.io/v1',
      kind: 'Model',
      metadata: { name: `m${number}` },
      spec: { modelConfig: { env }, modelGroup: 'x'.repeat(1000) },
    },
  });
}

type Read = (user: User) => (count: number) => Promise<unknown>;

/** In turns: what else the machine does falls on both. */
async function both(count: number, read: Read): Promise<{ masked: number; plain: number }> {
  const sums = { masked: 0, plain: 0 };
  const rounds = 10;
  for (let round = 0; round < rounds; round++) {
    sums.plain += await microseconds(count / rounds, read(API_SERVER_USER));
    sums.masked += await microseconds(count / rounds, read(READER));
  }
  return { masked: sums.masked / rounds, plain: sums.plain / rounds };
}

/** Of one run, on average. */
async function microseconds(count: number, run: (count: number) => Promise<unknown>): Promise<number> {
  const started = performance.now();
  for (let number = 0; number < count; number++) await run(number);
  return ((performance.now() - started) * 1000) / count;
}

const shown = (us: number): string => (us < 1000 ? `${us.toFixed(2)} us` : `${(us / 1000).toFixed(2)} ms`);

const figure = (name: string, { masked, plain }: { masked: number; plain: number }): Figure => ({
  ...{ name, on: 'sqlite', value: shown(masked) },
  floor: `with the verb reveal ${shown(plain)}`,
  ratio: masked / plain,
});
