import { CoreV1Api, KubeConfig, KubernetesObjectApi, VersionApi } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';

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
      // No Executor is there, and that address says so.
      const expected = path === '/api/v1/health/executors' ? 503 : 200;
      expect([path, (await api.send(path)).status]).toEqual([path, expected]);
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

describe('a kind of a user', () => {
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'gadgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { kind: 'Gadget', listKind: 'GadgetList', plural: 'gadgets', singular: 'gadget' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { color: { type: 'string' } } } },
        },
      ],
    },
  };
  const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

  const shown = async (): Promise<{ resources: number; v3: boolean; v2: boolean }> => ({
    resources: (await api.send('/apis/example.com/v1')).status,
    v3: Object.hasOwn((await json<{ paths: object }>('/openapi/v3')).paths, 'apis/example.com/v1'),
    v2: (await api.send('/openapi/v2')).text.includes('com.example.v1.Gadget'),
  });

  /** Resolves when a watch of the definition says so. */
  async function until(matches: (event: { type: string; object: Definition }) => boolean): Promise<void> {
    const name = definition.metadata.name;
    await using lines = await api.lines(`${crds}?watch=true&fieldSelector=metadata.name%3D${name}`);
    for (;;) {
      const line = await lines.next();
      if (line === undefined) throw new Error('the watch ended');
      if (matches(JSON.parse(line) as { type: string; object: Definition })) return;
    }
  }

  interface Definition {
    status?: { conditions?: { type: string; status: string }[] };
  }

  it('is in discovery and OpenAPI from Established to its deletion', async () => {
    expect(await shown()).toEqual({ resources: 404, v3: false, v2: false });
    expect((await api.send(crds, { method: 'POST', body: definition })).status).toBe(201);
    await until(({ object }) =>
      (object.status?.conditions ?? []).some(
        ({ type, status }) => type === 'Established' && status === 'True',
      ),
    );
    expect(await shown()).toEqual({ resources: 200, v3: true, v2: true });
    const gone = until(({ type }) => type === 'DELETED');
    await api.send(`${crds}/${definition.metadata.name}`, { method: 'DELETE' });
    await gone;
    expect(await shown()).toEqual({ resources: 404, v3: false, v2: false });
  });
});
