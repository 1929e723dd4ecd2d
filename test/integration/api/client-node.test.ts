import { once, EventEmitter } from 'node:events';
import {
  ApiException,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  makeInformer,
  setHeaderOptions,
} from '@kubernetes/client-node';
import type { KubernetesObject } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';

/** The official client for JavaScript, as it is. */

const GHOSTS = { group: 'agent.wecode.io', version: 'v1', plural: 'ghosts', namespace: 'default' };

let api: TestApi;
let config: KubeConfig;
let objects: CustomObjectsApi;

beforeAll(async () => {
  api = await testApi();
  config = new KubeConfig();
  config.loadFromFile(api.kubeconfig);
  objects = config.makeApiClient(CustomObjectsApi);
});

afterAll(() => api[Symbol.asyncDispose]());

function create(name: string): Promise<KubernetesObject> {
  const body = {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Ghost',
    metadata: { name },
    spec: { systemPrompt: 'x' },
  };
  return objects.createNamespacedCustomObject({ ...GHOSTS, body }) as Promise<KubernetesObject>;
}

describe('client-node', () => {
  it('creates, reads, patches and deletes', async () => {
    await create('made');
    const patch = setHeaderOptions('Content-Type', 'application/merge-patch+json');
    const body = { metadata: { labels: { a: 'b' } } };
    const patched = (await objects.patchNamespacedCustomObject(
      { ...GHOSTS, name: 'made', body },
      patch,
    )) as KubernetesObject;
    expect(patched.metadata?.labels).toEqual({ a: 'b' });
    const list = (await objects.listNamespacedCustomObject({ ...GHOSTS, labelSelector: 'a=b' })) as {
      items: KubernetesObject[];
    };
    expect(list.items.map(({ metadata }) => metadata?.name)).toEqual(['made']);
    await objects.deleteNamespacedCustomObject({ ...GHOSTS, name: 'made' });
    const gone = objects.getNamespacedCustomObject({ ...GHOSTS, name: 'made' });
    await expect(gone).rejects.toSatisfy((error) => error instanceof ApiException && error.code === 404);
  });

  it('uses built-in kinds', async () => {
    const core = config.makeApiClient(CoreV1Api);
    const body = { metadata: { name: 'js' }, stringData: { key: 'value' } };
    await core.createNamespacedSecret({ namespace: 'default', body });
    expect((await core.readNamespacedSecret({ namespace: 'default', name: 'js' })).data).toEqual({
      key: Buffer.from('value').toString('base64'),
    });
    const namespaces = await core.listNamespace();
    expect(namespaces.items.map(({ metadata }) => metadata?.name)).toEqual([
      'default',
      'kube-system',
      'system',
      'troupe-executors',
    ]);
  });

  it('informs of every change', async () => {
    const path = '/apis/agent.wecode.io/v1/namespaces/default/ghosts';
    const list = () => objects.listNamespacedCustomObject(GHOSTS) as Promise<never>;
    const informer = makeInformer<KubernetesObject>(config, path, list);
    const seen = new EventEmitter();
    for (const type of ['add', 'delete'] as const) {
      informer.on(type, (object) => seen.emit(`${type} ${object.metadata?.name ?? ''}`));
    }
    await create('before');
    const listed = once(seen, 'add before');
    await informer.start();
    try {
      await listed;
      const added = once(seen, 'add after');
      await create('after');
      await added;
      const removed = once(seen, 'delete after');
      await objects.deleteNamespacedCustomObject({ ...GHOSTS, name: 'after' });
      await removed;
    } finally {
      await informer.stop();
    }
  });
});
