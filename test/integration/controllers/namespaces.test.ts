import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import type { KubeObject } from '#api/machinery/meta';
import { CONFIG_MAPS, NAMESPACES, SERVICE_ACCOUNTS, TASKS } from '#api/types/resources';
import { until } from './until.ts';
import type { Awaited } from './until.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
  await world.startControllers();
});

afterAll(() => world[Symbol.asyncDispose]());

const namespace = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });

const configMap = (namespace: string, name: string, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name, ...metadata },
});

/** The object once it is there and as `holds` wants it. */
async function there<T extends KubeObject>(
  awaited: Awaited<T>,
  holds: (object: T) => boolean = () => true,
): Promise<T> {
  const object = await until(world.client, awaited, (now) => now !== undefined && holds(now));
  return object as T;
}

const gone = (name: string, { client } = world) =>
  until(client, { type: NAMESPACES, name }, (object) => object === undefined);

describe('a namespace', () => {
  it('gets a default ServiceAccount and the certificate authority, again when they are deleted', async () => {
    await world.client.create(NAMESPACES, namespace('furnished'));
    const account = { type: SERVICE_ACCOUNTS, namespace: 'furnished', name: 'default' };
    const authority = { type: CONFIG_MAPS, namespace: 'furnished', name: 'kube-root-ca.crt' };
    const first = await there(account);
    const published = await there(authority);
    expect(published.data?.['ca.crt']?.trim()).toBe(world.caCertificate.trim());

    await world.client.delete(SERVICE_ACCOUNTS, account);
    await world.client.delete(CONFIG_MAPS, authority);
    await there(account, ({ metadata }) => metadata.uid !== first.metadata.uid);
    await there(authority, ({ metadata }) => metadata.uid !== published.metadata.uid);
  });

  it('has its certificate authority put right when somebody changed it', async () => {
    await world.client.create(NAMESPACES, namespace('tampered'));
    const authority = { type: CONFIG_MAPS, namespace: 'tampered', name: 'kube-root-ca.crt' };
    await there(authority);
    await world.client.patch(CONFIG_MAPS, authority, {
      type: 'merge',
      body: { data: { 'ca.crt': 'x', more: 'y' } },
    });
    const mended = await there(authority, ({ data }) => data?.['more'] === undefined);
    expect(Object.keys(mended.data ?? {})).toEqual(['ca.crt']);
    expect(mended.data?.['ca.crt']?.trim()).toBe(world.caCertificate.trim());
  });

  it('is emptied and goes when it is deleted', async () => {
    await world.client.create(NAMESPACES, namespace('short'));
    await there({ type: SERVICE_ACCOUNTS, namespace: 'short', name: 'default' });
    await world.client.create(CONFIG_MAPS, configMap('short', 'a'));
    await world.client.delete(NAMESPACES, { name: 'short' });
    await gone('short');
    const left = await world.client.list(CONFIG_MAPS, { namespace: 'short' });
    expect(left.items).toEqual([]);
  });

  it('says what keeps it, and takes nothing new', async () => {
    await world.client.create(NAMESPACES, namespace('kept'));
    await world.client.create(CONFIG_MAPS, configMap('kept', 'stays', { finalizers: ['example.com/hold'] }));
    await world.client.delete(NAMESPACES, { name: 'kept' });
    const { status } = await there(
      { type: NAMESPACES, name: 'kept' },
      (object) => (object.status?.conditions?.length ?? 0) > 0,
    );
    const conditions = status?.conditions ?? [];
    const shown = conditions.map(({ type, status, reason, message }) => [type, status, reason, message]);
    expect(status?.phase).toBe('Terminating');
    expect(shown).toEqual([
      [
        'NamespaceDeletionDiscoveryFailure',
        'False',
        'ResourcesDiscovered',
        'All resources successfully discovered',
      ],
      [
        'NamespaceDeletionGroupVersionParsingFailure',
        'False',
        'ParsedGroupVersions',
        'All legacy kube types successfully parsed',
      ],
      [
        'NamespaceDeletionContentFailure',
        'False',
        'ContentDeleted',
        'All content successfully deleted, may be waiting on finalization',
      ],
      [
        'NamespaceContentRemaining',
        'True',
        'SomeResourcesRemain',
        'Some resources are remaining: configmaps. has 1 resource instances',
      ],
      [
        'NamespaceFinalizersRemaining',
        'True',
        'SomeFinalizersRemain',
        'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
      ],
    ]);
    await expect(world.client.create(CONFIG_MAPS, configMap('kept', 'new'))).rejects.toThrow(
      'unable to create new content in namespace kept because it is being terminated',
    );
    await world.client.patch(
      CONFIG_MAPS,
      { namespace: 'kept', name: 'stays' },
      { type: 'merge', body: { metadata: { finalizers: null } } },
    );
    await gone('kept');
  });

  it('goes although many requests of the controllers fail at first', async () => {
    await using shaky = await startWorld();
    let calls = 0;
    await shaky.startControllers({
      clock: systemClock,
      faults: {
        before() {
          calls += 1;
          if (calls < 100 && calls % 3 === 0) throw new Error('a fault');
        },
      },
    });
    await shaky.client.create(NAMESPACES, namespace('bumpy'));
    await shaky.client.create(CONFIG_MAPS, configMap('bumpy', 'a'));
    await shaky.client.create(TASKS, {
      apiVersion: 'agent.wecode.io/v1',
      kind: 'Task',
      metadata: { namespace: 'bumpy', name: 't' },
      spec: { prompt: 'p', teamRef: { name: 'x' } },
    } as never);
    await shaky.client.delete(NAMESPACES, { name: 'bumpy' });
    await gone('bumpy', shaky);
  });
});
