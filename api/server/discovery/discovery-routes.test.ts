import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { createCatalog } from '../../registry/catalog.ts';
import type { MutableCatalog } from '../../registry/catalog.ts';
import type { CustomResourceDefinition } from '../../schema/load-crds.ts';
import { defineResources, loadDefinitions } from '../../schema/load-crds.ts';
import { mountDiscovery } from './discovery-routes.ts';
import type { ServerTypes } from '../server-environment.ts';

const AGGREGATED =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,' +
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';

function version(name: string, storage = false): CustomResourceDefinition['spec']['versions'][number] {
  return {
    name,
    served: name !== 'v0',
    storage,
    subresources: {
      status: {},
      scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
    },
    schema: { openAPIV3Schema: { type: 'object' } },
  };
}

const WIDGETS: CustomResourceDefinition = {
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Cluster',
    names: { kind: 'Widget', plural: 'widgets', shortNames: ['wd'], categories: ['all'] },
    versions: [version('v1alpha1'), version('v0'), version('v1'), version('v2beta1', true), version('v10')],
  },
};
const definitions = loadDefinitions();
const withWidgets = [...definitions, ...defineResources(WIDGETS, { builtIn: false, definedAt: 7 })];

interface Served {
  catalog: MutableCatalog;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  json(path: string, headers?: Record<string, string>): Promise<Record<string, unknown>>;
}

function served(resources: typeof definitions): Served {
  const catalog = createCatalog(resources);
  const app = new Hono<ServerTypes>();
  mountDiscovery(app, catalog);
  const get = async (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    app.request(path, { headers });
  return {
    catalog,
    get,
    json: async (path, headers) => (await (await get(path, headers)).json()) as Record<string, unknown>,
  };
}

describe('aggregated discovery', () => {
  it('answers kubectl with v2, its ETag, and 304 the second time', async () => {
    const { get } = served(definitions);
    for (const path of ['/api', '/apis']) {
      const first = await get(path, { accept: AGGREGATED });
      expect(Object.fromEntries(first.headers)).toMatchObject({
        'content-type': 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
        'cache-control': 'public',
        vary: 'Accept',
      });
      const etag = first.headers.get('etag') ?? '';
      expect(etag).toMatch(/^"[0-9A-F]{128}"$/);
      const second = await get(path, { accept: AGGREGATED, 'if-none-match': etag });
      expect([second.status, await second.text()]).toEqual([304, '']);
    }
  });

  it('has another ETag when the kinds are others, and the old one when they are back', async () => {
    const { catalog, get } = served(definitions);
    const etag = async (): Promise<string | null> =>
      (await get('/apis', { accept: AGGREGATED })).headers.get('etag');
    const before = await etag();
    catalog.replace(withWidgets);
    expect(await etag()).not.toBe(before);
    catalog.replace(definitions);
    expect(await etag()).toBe(before);
  });

  it('describes a kind with its subresources', async () => {
    const { items } = await served(withWidgets).json('/apis', { accept: AGGREGATED });
    const group = (items as { metadata: { name: string }; versions: object[] }[]).find(
      ({ metadata }) => metadata.name === 'example.com',
    );
    expect(group?.versions[0]).toEqual({
      version: 'v10',
      freshness: 'Current',
      resources: [
        {
          resource: 'widgets',
          responseKind: { group: 'example.com', version: 'v10', kind: 'Widget' },
          scope: 'Cluster',
          singularResource: 'widget',
          verbs: ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'],
          shortNames: ['wd'],
          categories: ['all'],
          subresources: [
            {
              subresource: 'status',
              responseKind: { group: 'example.com', version: 'v10', kind: 'Widget' },
              verbs: ['get', 'patch', 'update'],
            },
            {
              subresource: 'scale',
              responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
              verbs: ['get', 'patch', 'update'],
            },
          ],
        },
      ],
    });
  });

  it('has the core group in /api only', async () => {
    const { json } = served(definitions);
    const names = async (path: string): Promise<string[]> => {
      const { items } = await json(path, { accept: AGGREGATED });
      return (items as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);
    };
    expect(await names('/api')).toEqual(['']);
    expect(await names('/apis')).not.toContain('');
  });

  it.each([
    ['application/json', 'APIGroupList', 'plain JSON'],
    ['*/*', 'APIGroupList', 'no preference'],
    ['', 'APIGroupList', 'none at all'],
    ['application/vnd.kubernetes.protobuf', 'APIGroupList', 'unknown: kubectl gives up on a 406'],
    [
      'application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList',
      'APIGroupList',
      'a later version',
    ],
    [
      'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
      'APIGroupDiscoveryList',
      'beta',
    ],
    [
      'application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList,' + AGGREGATED,
      'APIGroupDiscoveryList',
      'a later version or v2',
    ],
  ])('%s -> %s (%s)', async (accept, kind) => {
    expect(await served(definitions).json('/apis', { accept })).toMatchObject({ kind });
  });
});

describe('discovery of one group', () => {
  it('prefers versions as Kubernetes does, and knows no version that is not served', async () => {
    const { json } = served(withWidgets);
    const versions = ['v10', 'v1', 'v2beta1', 'v1alpha1'].map((name) => ({
      groupVersion: `example.com/${name}`,
      version: name,
    }));
    expect(await json('/apis/example.com')).toEqual({
      kind: 'APIGroup',
      apiVersion: 'v1',
      name: 'example.com',
      versions,
      preferredVersion: versions[0],
    });
  });

  it('lists resources and subresources, a Scale with its own group', async () => {
    const { resources } = await served(withWidgets).json('/apis/example.com/v1');
    expect(resources).toMatchObject([
      { name: 'widgets', singularName: 'widget', namespaced: false, kind: 'Widget', shortNames: ['wd'] },
      { name: 'widgets/status', kind: 'Widget', verbs: ['get', 'patch', 'update'] },
      { name: 'widgets/scale', singularName: '', group: 'autoscaling', version: 'v1', kind: 'Scale' },
    ]);
  });

  it('hashes the version objects are stored in, as kube-apiserver does', async () => {
    const { json } = served(withWidgets);
    const hashes = async (path: string): Promise<[string, string][]> => {
      const { resources } = (await json(path)) as {
        resources: { name: string; storageVersionHash: string }[];
      };
      return resources.map(({ name, storageVersionHash }) => [name, storageVersionHash]);
    };
    // The values every cluster shows.
    expect(Object.fromEntries(await hashes('/api/v1'))).toMatchObject({
      configmaps: 'qFsyl6wFWjQ=',
      events: 'r2yiGXH7wu8=',
      namespaces: 'Q3oi5N2YM8M=',
      secrets: 'S6u1pOWzb84=',
    });
    expect((await hashes('/apis/example.com/v1'))[0]).toEqual((await hashes('/apis/example.com/v2beta1'))[0]);
  });

  it('lets a Namespace be finalized, and not deleted by the collection', async () => {
    const { resources } = (await served(definitions).json('/api/v1')) as {
      resources: { name: string; verbs: string[] }[];
    };
    const found = resources.filter(({ name }) => name.startsWith('namespaces'));
    expect(found.map(({ name, verbs }) => [name, verbs])).toEqual([
      ['namespaces', ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch']],
      ['namespaces/finalize', ['update']],
      ['namespaces/status', ['get', 'patch', 'update']],
    ]);
  });

  it.each(['/apis/example.com', '/apis/example.com/v1', '/api/v2', '/apis/agent.wecode.io/v0'])(
    '%s is not found while nobody defines it',
    async (path) => {
      expect((await served(definitions).get(path)).status).toBe(404);
    },
  );

  it('comes and goes with its definition', async () => {
    const { catalog, get } = served(definitions);
    const statuses: number[] = [];
    for (const kinds of [definitions, withWidgets, definitions]) {
      catalog.replace(kinds);
      statuses.push((await get('/apis/example.com/v1')).status);
    }
    expect(statuses).toEqual([404, 200, 404]);
  });
});

it('GET / lists every address without a variable', async () => {
  const { paths } = (await served(withWidgets).json('/')) as { paths: string[] };
  expect(paths).toEqual(expect.arrayContaining(['/', '/api', '/api/v1', '/apis', '/apis/example.com/v1']));
  expect(paths.filter((path) => /[:*]/.test(path))).toEqual([]);
});

it.each(['/', '/api', '/apis', '/api/v1', '/apis/example.com', '/apis/example.com/v1/'])(
  '%s can only be read',
  async (path) => {
    const app = new Hono<ServerTypes>();
    mountDiscovery(app, createCatalog(withWidgets));
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
      const refused = await app.request(new Request(`http://x${path}`, { method }));
      expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
      expect(await refused.json()).toMatchObject({ kind: 'Status', reason: 'MethodNotAllowed', code: 405 });
    }
    expect((await app.request(path, { method: 'HEAD' })).status).toBe(200);
  },
);
