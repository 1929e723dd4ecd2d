import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject, OwnerReference, Unstructured } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { CONFIG_MAPS, EVENTS, EXECUTORS, NAMESPACES, SECRETS } from '#api/types/resources';
import { until } from './until.ts';
import type { Awaited } from './until.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

const NAMESPACE = 'collected';
let world: World;

beforeAll(async () => {
  world = await startWorld();
  await world.client.create(NAMESPACES, named('Namespace', NAMESPACE));
  await world.client.create(NAMESPACES, named('Namespace', 'elsewhere'));
  await world.startControllers();
});

afterAll(() => world[Symbol.asyncDispose]());

function named(kind: string, name: string, metadata: object = {}) {
  return { apiVersion: 'v1', kind, metadata: { name, ...metadata } };
}

function reference(owner: KubeObject, more: Partial<OwnerReference> = {}): OwnerReference {
  const { apiVersion, kind, metadata } = owner;
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '', ...more };
}

/** A ConfigMap with these owners. */
function make(name: string, owners: readonly OwnerReference[] = [], metadata: object = {}) {
  const more = { namespace: NAMESPACE, ownerReferences: owners, ...metadata };
  return world.client.create(CONFIG_MAPS, named('ConfigMap', name, more));
}

const place = (name: string): Awaited<Unstructured> => ({ type: CONFIG_MAPS, namespace: NAMESPACE, name });
const gone = (name: string) => until(world.client, place(name), (object) => object === undefined);
const remove = (name: string, propagationPolicy: 'Background' | 'Foreground' | 'Orphan') =>
  world.client.delete(CONFIG_MAPS, place(name), { propagationPolicy });

async function there<T extends KubeObject>(awaited: Awaited<T>, holds: (object: T) => boolean): Promise<T> {
  return (await until(world.client, awaited, (now) => now !== undefined && holds(now))) as T;
}

/** The reason of the first Event of a namespace, there or to come. */
async function firstReason(namespace: string): Promise<unknown> {
  const stop = new AbortController();
  const watch = world.client.watch(EVENTS, { namespace, resourceVersion: '0', signal: stop.signal });
  for await (const event of watch) if (event.type === 'ADDED') return event.object['reason'];
  return undefined;
}

const owners = async (name: string): Promise<string[]> => {
  const { metadata } = await world.client.get(CONFIG_MAPS, place(name));
  return (metadata.ownerReferences ?? []).map((one) => one.name);
};

describe('background', () => {
  it('takes dependents along, of any kind and any depth', async () => {
    const owner = await make('b-owner');
    const child = await make('b-child', [reference(owner)]);
    const secret = named('Secret', 'b-grandchild', {
      namespace: NAMESPACE,
      ownerReferences: [reference(child)],
    });
    await world.client.create(SECRETS, secret);
    await remove('b-owner', 'Background');
    await gone('b-child');
    await until(world.client, { ...place('b-grandchild'), type: SECRETS }, (now) => now === undefined);
  });

  it('leaves a dependent that has another owner, without the reference to the one that is gone', async () => {
    const first = await make('m-first');
    const second = await make('m-second');
    await make('m-child', [reference(first), reference(second)]);
    await remove('m-first', 'Background');
    await there(place('m-child'), ({ metadata }) => metadata.ownerReferences?.length === 1);
    expect(await owners('m-child')).toEqual(['m-second']);
    await remove('m-second', 'Background');
    await gone('m-child');
  });

  it('collects what belongs to a cluster-scoped object', async () => {
    const executor = await world.client.create(EXECUTORS as unknown as ResourceType<Unstructured>, {
      apiVersion: 'agent.wecode.io/v1alpha1',
      kind: 'Executor',
      metadata: { name: 'gc-executor' },
      spec: { capacity: { sandboxes: 1 } },
    });
    await make('c-child', [reference(executor)]);
    await world.client.delete(EXECUTORS, { name: 'gc-executor' });
    await gone('c-child');
  });
});

describe('an owner that never was', () => {
  it('is an absent owner', async () => {
    await make('a-child', [
      { apiVersion: 'v1', kind: 'ConfigMap', name: 'nobody', uid: '0c4ac2b4-1111-4222-8333-000000000001' },
    ]);
    await gone('a-child');
  });

  it.each([
    { what: 'another name', change: { name: 'wrong' } },
    { what: 'another kind', change: { kind: 'Secret' } },
  ])('under the uid of one that is there: $what', async ({ change }) => {
    const owner = await make(`w-owner-${Object.keys(change)[0]}`);
    await make('w-child', [reference(owner, change)]);
    await gone('w-child');
    expect(await owners(owner.metadata.name)).toEqual([]);
  });

  it('in another namespace: people are told', async () => {
    const owner = await make('n-owner');
    const metadata = { namespace: 'elsewhere', ownerReferences: [reference(owner)] };
    await world.client.create(CONFIG_MAPS, named('ConfigMap', 'n-child', metadata));
    const child = { ...place('n-child'), namespace: 'elsewhere' };
    await until(world.client, child, (object) => object === undefined);
    expect(await firstReason('elsewhere')).toBe('OwnerRefInvalidNamespace');
  });

  it('is waited for while its kind is not served', async () => {
    const owner = { apiVersion: 'later.example.com/v1', kind: 'Later', name: 'x', uid: 'abc' };
    await make('k-child', [owner]);
    const child = await make('k-other', [owner]);
    // What follows in the collector's queue is done, so this one was looked at.
    await make('k-absent', [reference(child, { uid: 'nobody', name: 'nobody' })]);
    await gone('k-absent');
    expect(await owners('k-child')).toEqual(['x']);
  });
});

describe('foreground', () => {
  it('keeps the owner until the dependents that block it are gone', async () => {
    const owner = await make('f-owner');
    const hold = { finalizers: ['example.com/hold'] };
    await make('f-blocking', [reference(owner, { blockOwnerDeletion: true })], hold);
    await make('f-free', [reference(owner)]);
    await remove('f-owner', 'Foreground');
    await gone('f-free');
    const waiting = await there(
      place('f-blocking'),
      ({ metadata }) => metadata.deletionTimestamp !== undefined,
    );
    const kept = await world.client.get(CONFIG_MAPS, place('f-owner'));
    expect(kept.metadata.finalizers).toEqual(['foregroundDeletion']);
    await world.client.patch(CONFIG_MAPS, place('f-blocking'), {
      type: 'merge',
      body: { metadata: { finalizers: null, uid: waiting.metadata.uid } },
    });
    await gone('f-owner');
  });

  it('takes along what does not block an owner that something else keeps', async () => {
    const owner = await make('k-owner');
    const finalizers = (names: string[] | null) =>
      world.client.patch(CONFIG_MAPS, place('k-owner'), {
        type: 'merge',
        body: { metadata: { finalizers: names } },
      });
    await finalizers(['test.example/keep']);
    await make('k-free', [reference(owner)]);
    await remove('k-owner', 'Foreground');
    await gone('k-free');
    await there(place('k-owner'), ({ metadata }) => metadata.finalizers?.length === 1);
    await finalizers(null);
    await gone('k-owner');
  });

  it('goes down a chain from its end', async () => {
    const blocking = { blockOwnerDeletion: true };
    const top = await make('d-top');
    const middle = await make('d-middle', [reference(top, blocking)]);
    await make('d-bottom', [reference(middle, blocking)]);
    await remove('d-top', 'Foreground');
    await gone('d-top');
    const left = await world.client.list(CONFIG_MAPS, { namespace: NAMESPACE });
    expect(left.items.filter(({ metadata }) => metadata.name.startsWith('d-'))).toEqual([]);
  });

  it('ends although two wait for each other', async () => {
    const blocking = { blockOwnerDeletion: true };
    const first = await make('r-first');
    const second = await make('r-second', [reference(first, blocking)]);
    await world.client.patch(CONFIG_MAPS, place('r-first'), {
      type: 'merge',
      body: { metadata: { ownerReferences: [reference(second, blocking)] } },
    });
    await remove('r-first', 'Foreground');
    await gone('r-first');
    await gone('r-second');
  });

  it('takes its reference off a dependent that has another owner', async () => {
    const going = await make('s-going');
    const staying = await make('s-staying');
    await make('s-child', [reference(going, { blockOwnerDeletion: true }), reference(staying)]);
    await remove('s-going', 'Foreground');
    await gone('s-going');
    expect(await owners('s-child')).toEqual(['s-staying']);
  });
});

describe('orphan', () => {
  it('lets the dependents go and then itself', async () => {
    const owner = await make('o-owner');
    const other = await make('o-other');
    await make('o-child', [reference(owner), reference(other)]);
    await make('o-lone', [reference(owner)]);
    // The collector knows of both once it has dealt with one that came after them.
    await make('o-mark', [reference(owner, { uid: 'nobody' })]);
    await gone('o-mark');
    await remove('o-owner', 'Orphan');
    await gone('o-owner');
    expect(await owners('o-child')).toEqual(['o-other']);
    expect(await owners('o-lone')).toEqual([]);
  });
});

describe('kinds that come and go', () => {
  it("collects objects of users' own kinds", async () => {
    const crds: ResourceType<Unstructured> = {
      group: 'apiextensions.k8s.io',
      version: 'v1',
      kind: 'CustomResourceDefinition',
      plural: 'customresourcedefinitions',
      namespaced: false,
    };
    const wheels: ResourceType<Unstructured> = {
      group: 'cars.example.com',
      version: 'v1',
      kind: 'Wheel',
      plural: 'wheels',
      namespaced: true,
    };
    await world.client.create(crds, {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'wheels.cars.example.com' },
      spec: {
        group: 'cars.example.com',
        names: { kind: 'Wheel', plural: 'wheels', singular: 'wheel', listKind: 'WheelList' },
        scope: 'Namespaced',
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    });
    await there({ type: crds, name: 'wheels.cars.example.com' }, (crd) => {
      const status = crd['status'] as { conditions?: { type: string; status: string }[] } | undefined;
      return (
        status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') === true
      );
    });
    const owner = await make('car');
    await world.client.create(wheels, {
      apiVersion: 'cars.example.com/v1',
      kind: 'Wheel',
      metadata: { name: 'front', namespace: NAMESPACE, ownerReferences: [reference(owner)] },
    });
    await remove('car', 'Background');
    await until(
      world.client,
      { type: wheels, namespace: NAMESPACE, name: 'front' },
      (now) => now === undefined,
    );
  });
});
