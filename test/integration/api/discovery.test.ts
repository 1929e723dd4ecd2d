import { CoreV1Api, KubeConfig, KubernetesObjectApi, VersionApi } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testApi, type TestApi } from '#test/kit/api';

let api: TestApi;

beforeAll(async () => {
  api = await testApi();
});

afterAll(() => api[Symbol.asyncDispose]());

const json = async <T>(path: string): Promise<T> => (await api.send(path)).json() as unknown as T;

interface ResourceList {
  groupVersion: string;
  resources: { name: string; kind: string; namespaced: boolean; verbs: string[] }[];
}

/** Every group and version, by the old documents. */
async function resourceLists(): Promise<{ path: string; list: ResourceList }[]> {
  const { groups } = await json<{ groups: { versions: { groupVersion: string }[] }[] }>('/apis');
  const named = groups.flatMap(({ versions }) => versions.map(({ groupVersion }) => `/apis/${groupVersion}`));
  return Promise.all(
    ['/api/v1', ...named].map(async (path) => ({ path, list: await json<ResourceList>(path) })),
  );
}

describe('discovery', () => {
  it('is true: every kind that can be listed is', async () => {
    for (const { path, list } of await resourceLists()) {
      expect(path.endsWith(list.groupVersion)).toBe(true);
      for (const { name, kind } of list.resources.filter(({ verbs }) => verbs.includes('list'))) {
        const listed = await json<{ kind: string; apiVersion: string }>(`${path}/${name}`);
        expect(listed).toMatchObject({ kind: `${kind}List`, apiVersion: list.groupVersion });
      }
    }
  });

  it('says of subresources what they can do', async () => {
    for (const { list } of await resourceLists()) {
      const names = list.resources.map(({ name }) => name);
      const subresources = names.filter((name) => name.includes('/'));
      expect(names).toEqual([...new Set(names)]);
      for (const name of subresources) expect(names).toContain(name.split('/')[0]);
    }
  });

  it('answers HEAD like GET, without the text', async () => {
    const head = await api.send('/apis', { method: 'HEAD' });
    expect([head.status, head.text, head.headers['content-type']]).toEqual([200, '', 'application/json']);
  });

  it('knows addresses with a slash at the end', async () => {
    for (const path of [
      '/api/',
      '/apis/',
      '/api/v1/',
      '/apis/agent.wecode.io/',
      '/apis/agent.wecode.io/v1/',
    ]) {
      expect([path, (await api.send(path)).text]).toEqual([path, (await api.send(path.slice(0, -1))).text]);
    }
  });

  it('GET / leads to addresses that exist', async () => {
    const { paths } = await json<{ paths: string[] }>('/');
    expect(paths).toEqual(
      expect.arrayContaining([
        '/api/v1',
        '/apis/agent.wecode.io/v1',
        '/openapi/v2',
        '/openapi/v3',
        '/version',
      ]),
    );
    for (const path of paths.filter((one) => /^\/(api|openapi|version)/.test(one))) {
      expect([path, (await api.send(path)).status]).toEqual([path, 200]);
    }
  });

  it('is what the official JavaScript client finds kinds by', async () => {
    const config = new KubeConfig();
    config.loadFromFile(api.kubeconfig);
    const objects = KubernetesObjectApi.makeApiClient(config);
    const name = 'found';
    await objects.create({
      apiVersion: 'agent.wecode.io/v1',
      kind: 'Ghost',
      metadata: { name },
      spec: { systemPrompt: 'x' },
    } as never);
    const kept = await objects.read({
      apiVersion: 'agent.wecode.io/v1',
      kind: 'Ghost',
      metadata: { name, namespace: 'default' },
    });
    expect(kept.metadata?.name).toBe(name);
    expect((await config.makeApiClient(CoreV1Api).getAPIResources()).groupVersion).toBe('v1');
    expect((await config.makeApiClient(VersionApi).getCode()).gitVersion).toMatch(/^v\d+\.\d+\.\d+/);
  });
});
