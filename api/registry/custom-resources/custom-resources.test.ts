import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../machinery/clock.ts';
import { silentLogger } from '../../machinery/logger.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { API_SERVER_USER } from '../../machinery/users/user.ts';
import { loadDefinitions, loadOwnCrds } from '../../schema/load-crds.ts';
import type { Store } from '../../storage/contract/store.ts';
import { openStore } from '../../storage/open-store.ts';
import { createCatalog } from '../catalog.ts';
import type { MutableCatalog } from '../catalog.ts';
import { createInitialNamespaces } from '../initial-namespaces.ts';
import { createRegistry } from '../registry.ts';
import type { Registry } from '../registry.ts';
import type { Resource } from '../resource.ts';
import { conditionsOf } from './crd-object.ts';
import { startCustomResources } from './custom-resources.ts';

const user = API_SERVER_USER;
const write = { user, dryRun: false, fieldValidation: 'Strict' } as const;
const definitions = loadDefinitions();

let store: Store;
let catalog: MutableCatalog;
let registry: Registry;
let running: { stop(): Promise<void> };

beforeEach(async () => {
  store = await openStore({ url: 'sqlite::memory:', logger: silentLogger });
  await startAnew();
});

afterEach(async () => {
  await running.stop();
  await store.close();
});

async function startAnew(): Promise<void> {
  catalog = createCatalog(definitions);
  registry = createRegistry({ catalog, store });
  await createInitialNamespaces(registry);
  running = await startCustomResources({
    registry,
    catalog,
    store,
    clock: systemClock,
    logger: silentLogger,
  });
}

interface Names {
  plural: string;
  kind: string;
  singular?: string;
  shortNames?: string[];
}

function crd(names: Names, versions: object[] = [version('v1')]): Unstructured {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${names.plural}.example.com` },
    spec: { group: 'example.com', scope: 'Namespaced', names, versions },
  };
}

function version(name: string, extra: object = {}): object {
  const spec = { type: 'object', properties: { size: { type: 'integer' } } };
  const openAPIV3Schema = { type: 'object', properties: { spec } };
  return { name, served: true, storage: name === 'v1', schema: { openAPIV3Schema }, ...extra };
}

const WIDGETS: Names = { plural: 'widgets', kind: 'Widget', shortNames: ['wd'] };

const crds = (): Resource =>
  catalog.current().find(({ kind }) => kind === 'CustomResourceDefinition') as Resource;

const find = (plural: string, name = 'v1'): Resource | undefined =>
  catalog.find({ group: 'example.com', version: name, plural });

const create = (resource: Resource, body: unknown, namespace = ''): Promise<unknown> =>
  registry.create({ resource, namespace, body, ...write });

async function patchCrd(name: string, body: unknown): Promise<void> {
  const target = { resource: crds(), namespace: '', name };
  await registry.patch({ target, type: 'merge', body, ...write });
}

/** Waits for a state of a CustomResourceDefinition; undefined when it is gone. */
async function until(
  name: string,
  reached: (crd: Unstructured | undefined) => boolean,
): Promise<Unstructured | undefined> {
  const end = new AbortController();
  const query = { user, resource: crds(), namespace: '', fieldSelector: `metadata.name=${name}` };
  const events = registry.watch({ ...query, allowWatchBookmarks: true, signal: end.signal });
  try {
    for await (const items of events) {
      for (const item of items) {
        const ended = item.type === 'BOOKMARK' || item.type === 'DELETED';
        const state = ended ? undefined : item.object.object;
        if (item.type !== 'BOOKMARK' && reached(state)) return state;
      }
    }
  } finally {
    end.abort();
  }
  throw new Error('the watch ended');
}

const condition = (object: Unstructured | undefined, type: string): string => {
  const found = object && conditionsOf(object).find((one) => one.type === type);
  return `${found?.status} ${found?.reason}: ${found?.message}`;
};

const established = (name: string): Promise<Unstructured | undefined> =>
  until(name, (object) => condition(object, 'Established').startsWith('True'));

const widget = (name: string, extra: object = {}): Unstructured => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name, ...extra },
  spec: { size: 1 },
});

async function defineWidgets(versions?: object[]): Promise<Resource> {
  await create(crds(), crd(WIDGETS, versions));
  await established('widgets.example.com');
  return find('widgets') as Resource;
}

describe('a CustomResourceDefinition', () => {
  it('makes a kind that is there when it is established', async () => {
    await create(crds(), crd(WIDGETS));
    const served = await established('widgets.example.com');
    expect(served?.['status']).toMatchObject({
      acceptedNames: {
        plural: 'widgets',
        singular: 'widget',
        kind: 'Widget',
        listKind: 'WidgetList',
        shortNames: ['wd'],
      },
      storedVersions: ['v1'],
    });
    expect(condition(served, 'NamesAccepted')).toBe('True NoConflicts: no conflicts found');
    expect(condition(served, 'Established')).toBe(
      'True InitialNamesAccepted: the initial names have been accepted',
    );
    await create(find('widgets') as Resource, widget('one'), 'default');
    const { items } = await registry.list({
      user,
      resource: find('widgets') as Resource,
      namespace: 'default',
    });
    expect(items.map(({ object }) => object.metadata.name)).toEqual(['one']);
  });

  it.each([
    [{ plural: 'gadgets', kind: 'Widget' }, 'ListKindConflict: "WidgetList" is already in use'],
    [
      { plural: 'gadgets', kind: 'Gadget', singular: 'widget' },
      'SingularConflict: "widget" is already in use',
    ],
    [
      { plural: 'gadgets', kind: 'Gadget', shortNames: ['wd', 'widgets', 'g'] },
      'ShortNamesConflict: ["wd" is already in use, "widgets" is already in use]',
    ],
  ])('with the names %j is refused while another has them', async (names, why) => {
    await defineWidgets();
    await create(crds(), crd(names));
    const refused = await until('gadgets.example.com', (object) =>
      condition(object, 'NamesAccepted').startsWith('False'),
    );
    expect(condition(refused, 'NamesAccepted')).toBe(`False ${why}`);
    expect(condition(refused, 'Established')).toBe('False NotAccepted: not all names are accepted');
    expect(find('gadgets')).toBeUndefined();
    await registry.delete({
      user,
      target: { resource: crds(), namespace: '', name: 'widgets.example.com' },
      dryRun: false,
    });
    await established('gadgets.example.com');
    expect([find('gadgets')?.kind, find('widgets')]).toEqual([names.kind, undefined]);
  });

  it('serves what its versions say, and no more', async () => {
    const old = await defineWidgets([version('v1'), version('v2', { served: false })]);
    expect(find('widgets', 'v2')).toBeUndefined();
    const end = new AbortController();
    const query = { user, resource: old, namespace: '', allowWatchBookmarks: false, signal: end.signal };
    const watching = registry.watch(query)[Symbol.asyncIterator]();
    const over = watching.next();
    await create(old, widget('one'), 'default');
    expect((await over).done, 'the watch is alive').toBe(false);
    const closed = watching.next();
    await patchCrd('widgets.example.com', {
      spec: { versions: [version('v1', { served: false }), version('v2')] },
    });
    expect((await closed).done, 'watchers of the old definition watch again').toBe(true);
    expect(find('widgets')).toBeUndefined();
    const target = { resource: find('widgets', 'v2') as Resource, namespace: 'default', name: 'one' };
    expect((await registry.get({ target, user })).object.apiVersion).toBe('example.com/v2');
  });

  it('takes its objects along, as their finalizers let it', async () => {
    const widgets = await defineWidgets();
    for (let i = 0; i < 100; i++) await create(widgets, widget(`w${i}`), 'default');
    await create(widgets, widget('kept', { finalizers: ['example.com/keep'] }), 'default');
    const target = { resource: crds(), namespace: '', name: 'widgets.example.com' };
    await registry.delete({ user, target, dryRun: false });
    const terminating = await until('widgets.example.com', (object) =>
      condition(object, 'Terminating').startsWith('True'),
    );
    expect(condition(terminating, 'Terminating')).toContain('InstanceDeletionInProgress');
    const resource = find('widgets') as Resource;
    const refused = create(resource, widget('late'), 'default');
    await expect(refused).rejects.toMatchObject({
      code: 403,
      message:
        'widgets.example.com "late" is forbidden: create not allowed while custom resource definition is terminating',
    });
    const kept = { resource, namespace: 'default', name: 'kept' };
    await registry.patch({ target: kept, type: 'merge', body: { metadata: { finalizers: null } }, ...write });
    await until('widgets.example.com', (object) => object === undefined);
    expect((await store.list({ resource: 'widgets.example.com' })).items).toEqual([]);
    await defineWidgets();
  });

  it('of any form does not keep the server from starting', async () => {
    await defineWidgets();
    await running.stop();
    for (const [name, spec] of Object.entries({
      a: undefined,
      b: {
        group: 'example.com',
        names: { plural: 'b', kind: 'B' },
        versions: [{ name: 'v1', served: true }],
      },
      c: { group: 5, names: [], versions: 'x' },
    })) {
      const object = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', spec };
      const key = { resource: 'customresourcedefinitions.apiextensions.k8s.io', namespace: '', name };
      await store.commit({ op: 'create', key, object: { ...object, metadata: { name } } });
    }
    await startAnew();
    expect(find('widgets')?.kind, 'known from the start').toBe('Widget');
  });
});

describe('the kinds of the program', () => {
  const NAME = 'ghosts.agent.wecode.io';
  const target = (): { resource: Resource; namespace: string; name: string } => ({
    resource: crds(),
    namespace: '',
    name: NAME,
  });

  it('are shown as definitions, which can be applied but not changed', async () => {
    for (const own of loadOwnCrds()) await established(own.metadata.name);
    const file = loadOwnCrds().find((one) => one.metadata.name === NAME);
    const annotated = { ...file, metadata: { name: NAME, annotations: { applied: 'yes' } } };
    await registry.patch({ target: target(), type: 'merge', body: annotated, ...write });
    const { object } = await registry.get({ target: target(), user });
    expect(object.metadata).toMatchObject({ generation: 1, annotations: { applied: 'yes' } });
    const change = { spec: { scope: 'Cluster' } };
    const changed = registry.patch({ target: target(), type: 'merge', body: change, ...write });
    await expect(changed).rejects.toMatchObject({ code: 403 });
    await expect(registry.delete({ user, target: target(), dryRun: false })).rejects.toMatchObject({
      code: 403,
    });
  });

  it('are brought up to the program at its start', async () => {
    await established(NAME);
    await running.stop();
    const key = { resource: 'customresourcedefinitions.apiextensions.k8s.io', namespace: '', name: NAME };
    const current = await store.get(key);
    const { object, revision } = current ?? expect.fail('no definition');
    const spec = { ...(object['spec'] as object), scope: 'Cluster' };
    await store.commit({ op: 'update', key, object: { ...object, spec }, expectedRevision: revision });
    await startAnew();
    const mirrored = await registry.get({ target: target(), user });
    expect(mirrored.object['spec']).toEqual(object['spec']);
  });
});
