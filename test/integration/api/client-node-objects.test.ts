import { once, EventEmitter } from 'node:events';
import path from 'node:path';
import {
  ApiException,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  Watch,
} from '@kubernetes/client-node';
import type { KubernetesListObject, KubernetesObject } from '@kubernetes/client-node';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';

/** The official client for JavaScript with kinds it knows nothing of. */

interface Spec {
  size?: number;
  replicas?: number;
  parts?: { name: string; weight?: number }[];
}

interface Gadget extends KubernetesObject {
  spec?: Spec;
}

const GADGETS = { group: 'js.example.com', version: 'v1', plural: 'gadgets', namespace: 'default' };

/** In the client's own names of fields. */
const DEFINITION = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'gadgets.js.example.com' },
  spec: {
    group: 'js.example.com',
    scope: 'Namespaced',
    names: { kind: 'Gadget', plural: 'gadgets', singular: 'gadget' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
        },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: {
                  size: { type: 'integer' },
                  replicas: { type: 'integer', _default: 1 },
                  parts: {
                    type: 'array',
                    x_kubernetes_list_type: 'map',
                    x_kubernetes_list_map_keys: ['name'],
                    items: {
                      type: 'object',
                      required: ['name'],
                      properties: { name: { type: 'string' }, weight: { type: 'integer' } },
                    },
                  },
                },
              },
              status: { type: 'object', properties: { replicas: { type: 'integer' } } },
            },
          },
        },
      },
    ],
  },
};

let api: TestApi;
let config: KubeConfig;
let objects: KubernetesObjectApi;

beforeAll(async () => {
  api = await testApi();
  config = configOf(api);
  objects = KubernetesObjectApi.makeApiClient(config);
  await objects.create(DEFINITION);
  await established();
});

afterAll(() => api[Symbol.asyncDispose]());

function configOf({ kubeconfig }: TestApi): KubeConfig {
  const loaded = new KubeConfig();
  loaded.loadFromFile(kubeconfig);
  return loaded;
}

/** Waits as people do with this client: by a watch. */
async function established(): Promise<void> {
  const done = Promise.withResolvers<undefined>();
  const query = { fieldSelector: 'metadata.name=gadgets.js.example.com' };
  const watching = await new Watch(config).watch(
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    query,
    (_type, { status }: { status?: { conditions?: { type: string; status: string }[] } }) => {
      const conditions = status?.conditions ?? [];
      if (conditions.some((one) => one.type === 'Established' && one.status === 'True'))
        done.resolve(undefined);
    },
    () => done.reject(new Error('the watch ended')),
  );
  await done.promise;
  watching.abort();
}

function gadget(name: string, spec: Spec): Gadget & { metadata: { name: string; namespace: string } } {
  return { apiVersion: 'js.example.com/v1', kind: 'Gadget', metadata: { name, namespace: 'default' }, spec };
}

/** A change, which client-node types as a whole object. */
const change = (name: string, spec: unknown): Gadget => gadget(name, spec as Spec);

describe('KubernetesObjectApi', () => {
  it('creates, reads, replaces, lists and deletes', async () => {
    const made = await objects.create(gadget('plain', { size: 1 }));
    expect(made.spec).toEqual({ size: 1, replicas: 1 });
    const read = await objects.read<Gadget & { metadata: { name: string } }>(gadget('plain', {}));
    const replaced = await objects.replace({ ...read, spec: { size: 2 } });
    expect(replaced.spec).toEqual({ size: 2, replicas: 1 });
    await expect(objects.replace({ ...read, spec: { size: 3 } })).rejects.toMatchObject({ code: 409 });
    const list = await objects.list('js.example.com/v1', 'Gadget', 'default');
    expect(list.items.map(({ metadata }) => metadata?.name)).toContain('plain');
    await objects.delete(gadget('plain', {}));
    await expect(objects.read(gadget('plain', {}))).rejects.toSatisfy(
      (error) => error instanceof ApiException && error.code === 404,
    );
  });

  it('patches by merging', async () => {
    await objects.create(gadget('merged', { size: 1 }));
    const patch = change('merged', { size: 5, replicas: null });
    const merged = await objects.patch(patch, ...UNSET, undefined, PatchStrategy.MergePatch);
    expect(merged.spec).toEqual({ size: 5, replicas: 1 });
  });

  it('patches a built-in kind strategically, its default', async () => {
    const name = 'strategic';
    const head = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } };
    await objects.create({ ...head, data: { a: '1', b: '2' } } as KubernetesObject);
    const patched = await objects.patch({ ...head, data: { a: null, c: '3' } } as KubernetesObject);
    expect(patched).toMatchObject({ data: { b: '2', c: '3' } });
    expect(patched).not.toHaveProperty('data.a');
  });

  it('cannot patch strategically what has no strategy', async () => {
    await objects.create(gadget('unmergeable', { size: 1 }));
    const patching = objects.patch(gadget('unmergeable', { size: 2 }));
    await expect(patching).rejects.toMatchObject({ code: 415 });
  });

  it('applies, conflicts and takes over', async () => {
    const apply = (manager: string, spec: Spec, force = false): Promise<Gadget> =>
      objects.patch(
        gadget('applied', spec),
        undefined,
        undefined,
        manager,
        force,
        PatchStrategy.ServerSideApply,
      );
    await apply('one', { size: 1, parts: [{ name: 'a', weight: 1 }] });
    const shared = await apply('two', { parts: [{ name: 'b', weight: 2 }] });
    expect(shared.spec?.parts?.map(({ name }) => name)).toEqual(['a', 'b']);
    await expect(apply('two', { size: 2 })).rejects.toMatchObject({ code: 409 });
    const forced = await apply('two', { size: 2 }, true);
    expect(forced.spec).toEqual({ size: 2, replicas: 1, parts: [{ name: 'a', weight: 1 }] });
  });
});

const UNSET = [undefined, undefined, undefined] as const;

describe('CustomObjectsApi', () => {
  it('patches by operations', async () => {
    const custom = config.makeApiClient(CustomObjectsApi);
    await objects.create(gadget('operated', { size: 1 }));
    const patched: unknown = await custom.patchNamespacedCustomObject(
      { ...GADGETS, name: 'operated', body: [{ op: 'replace', path: '/spec/size', value: 7 }] },
      setHeaderOptions('Content-Type', PatchStrategy.JsonPatch),
    );
    expect(patched).toMatchObject({ spec: { size: 7 } });
  });

  it('scales', async () => {
    const custom = config.makeApiClient(CustomObjectsApi);
    const where = { ...GADGETS, name: 'scaled' };
    await objects.create(gadget('scaled', { size: 1 }));
    const scale = (await custom.getNamespacedCustomObjectScale(where)) as { spec: object };
    expect(scale).toMatchObject({ apiVersion: 'autoscaling/v1', kind: 'Scale', spec: { replicas: 1 } });
    const body = { ...scale, spec: { replicas: 4 } };
    await custom.replaceNamespacedCustomObjectScale({ ...where, body });
    expect(await custom.getNamespacedCustomObject(where)).toMatchObject({ spec: { size: 1, replicas: 4 } });
  });
});

it('lists in pages', async () => {
  const core = config.makeApiClient(CoreV1Api);
  const names = ['p1', 'p2', 'p3', 'p4', 'p5'];
  for (const name of names) {
    const metadata = { name, labels: { paged: 'yes' } };
    await core.createNamespacedConfigMap({ namespace: 'default', body: { metadata } });
  }
  const seen: (string | undefined)[] = [];
  const lengths: number[] = [];
  let token: string | undefined;
  do {
    const page = await core.listNamespacedConfigMap({
      namespace: 'default',
      labelSelector: 'paged=yes',
      limit: 2,
      ...(token === undefined ? {} : { _continue: token }),
    });
    lengths.push(page.items.length);
    seen.push(...page.items.map(({ metadata }) => metadata?.name));
    token = page.metadata?._continue;
  } while (token !== undefined && token !== '');
  expect([lengths, seen]).toEqual([[2, 2, 1], names]);
});

it('an informer that slept too long lists anew', async () => {
  await using folder = await temporaryFolder('slept');
  const stale = await seenBeforeSleep(folder.path);
  await using later = await testApi({ dataDir: folder.path });
  const core = configOf(later).makeApiClient(CoreV1Api);
  await core.deleteNamespacedConfigMap({ namespace: 'default', name: 'gone' });
  await core.createNamespacedConfigMap({ namespace: 'default', body: { metadata: { name: 'new' } } });
  let lists = 0;
  const list = (): Promise<KubernetesListObject<KubernetesObject>> =>
    lists++ === 0 ? Promise.resolve(stale) : core.listNamespacedConfigMap({ namespace: 'default' });
  const informer = makeInformer<KubernetesObject>(configOf(later), CONFIG_MAPS, list);
  const seen = new EventEmitter();
  for (const type of ['add', 'delete'] as const) {
    informer.on(type, ({ metadata }) => seen.emit(`${type} ${metadata?.name ?? ''}`));
  }
  const caughtUp = Promise.all([once(seen, 'delete gone'), once(seen, 'add new')]);
  await informer.start();
  try {
    await caughtUp;
    expect(lists).toBe(2);
  } finally {
    await informer.stop();
  }
});

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

/** What a client saw of a server; since then its log was cut behind it. */
async function seenBeforeSleep(dataDir: string): Promise<KubernetesListObject<KubernetesObject>> {
  const before = await testApi({ dataDir });
  const core = configOf(before).makeApiClient(CoreV1Api);
  await core.createNamespacedConfigMap({ namespace: 'default', body: { metadata: { name: 'gone' } } });
  const seen = await core.listNamespacedConfigMap({ namespace: 'default' });
  await before[Symbol.asyncDispose]();
  const database = new Database(path.join(dataDir, 'troupe.db'));
  database.exec('UPDATE revision_counter SET "current" = "current" + 1000, "compacted" = "current" + 1000');
  database.close();
  return seen;
}
