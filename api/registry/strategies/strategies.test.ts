import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../machinery/clock.ts';
import { silentLogger } from '../../machinery/logger.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { API_SERVER_USER } from '../../machinery/users/user.ts';
import { loadDefinitions } from '../../schema/load-crds.ts';
import type { Store } from '../../storage/contract/store.ts';
import { openStore } from '../../storage/open-store.ts';
import { createInitialNamespaces } from '../initial-namespaces.ts';
import { createCatalog } from '../catalog.ts';
import { createRegistry } from '../registry.ts';
import type { Registry } from '../registry.ts';
import type { Resource } from '../resource.ts';

const NOW = Date.UTC(2026, 10, 21, 7, 0, 0);
const user = API_SERVER_USER;
const write = { user, dryRun: false, fieldValidation: 'Strict' } as const;

const clock: Clock = { now: () => NOW, after: () => () => undefined };
let store: Store;
let registry: Registry;

beforeAll(async () => {
  store = await openStore({ url: 'sqlite::memory:', logger: silentLogger });
  registry = createRegistry({ catalog: createCatalog(loadDefinitions()), store, clock });
  await createInitialNamespaces(registry);
});

afterAll(() => store.close());

function kind(name: string): Resource {
  const found = registry.catalog.current().find((resource) => resource.kind === name);
  if (found === undefined) throw new Error(`no kind ${name}`);
  return found;
}

async function create(kindName: string, body: unknown): Promise<Unstructured> {
  const request = { resource: kind(kindName), namespace: 'default', body, ...write };
  return (await registry.create(request)).object.object;
}

async function patch(
  kindName: string,
  name: string,
  body: unknown,
  subresource?: 'status',
): Promise<Unstructured> {
  const target = { resource: kind(kindName), namespace: 'default', name };
  const request = { target, type: 'merge', body, ...write, ...(subresource && { subresource }) } as const;
  return (await registry.patch(request)).object.object;
}

async function failure(promise: Promise<unknown>): Promise<StatusError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('Task', () => {
  const spec = { prompt: 'before', teamRef: { name: 't', namespace: 'default' } };

  it('is fixed once it has started', async () => {
    await create('Task', {
      apiVersion: 'agent.wecode.io/v1',
      kind: 'Task',
      metadata: { name: 'fixed' },
      spec,
    });
    await patch('Task', 'fixed', { spec: { prompt: 'still open' } });
    await patch('Task', 'fixed', { status: { snapshot: { hash: 'x' } } }, 'status');
    for (const change of [{ prompt: 'late' }, { teamRef: { name: 'u' } }, { workspaceRef: { name: 'w' } }]) {
      const error = await failure(patch('Task', 'fixed', { spec: change }));
      expect([error.code, error.message]).toEqual([422, expect.stringContaining('field is immutable')]);
    }
    const cancelled = await patch('Task', 'fixed', { spec: { cancel: true } });
    expect(cancelled['spec'], 'cancelling is always possible').toMatchObject({ cancel: true });
  });
});

describe('Sandbox', () => {
  const spec = {
    taskRef: { name: 't', uid: 'u' },
    step: 0,
    attempt: 1,
    timeoutSeconds: 60,
    prompt: 'p',
    shell: { type: 'Chat' },
    agent: { botName: 'b', ghostRef: { name: 'g' }, systemPrompt: '' },
  };

  it('is one run, bound once', async () => {
    const body = { apiVersion: 'agent.wecode.io/v1alpha1', kind: 'Sandbox', metadata: { name: 'run' }, spec };
    await create('Sandbox', body);
    expect((await failure(patch('Sandbox', 'run', { spec: { prompt: 'other' } }))).code).toBe(422);
    const scheduling = { executorSelector: { gpu: 'a' }, interactive: true, priority: 7, timeoutSeconds: 7 };
    await patch('Sandbox', 'run', { spec: { ...scheduling, tolerations: [{ key: 'gpu' }] } });
    await patch('Sandbox', 'run', { spec: { executorName: 'one' } });
    for (const change of [{ executorSelector: null }, { interactive: false }, { timeoutSeconds: 8 }]) {
      expect((await failure(patch('Sandbox', 'run', { spec: change }))).code).toBe(422);
    }
    await patch('Sandbox', 'run', { spec: { cancel: true } });
    const error = await failure(patch('Sandbox', 'run', { spec: { executorName: 'two' } }));
    expect(error.message).toContain('immutable once the Sandbox is bound');
  });
});

describe('Secret', () => {
  it('turns stringData into data', async () => {
    const secret = await create('Secret', {
      metadata: { name: 'texts' },
      data: { old: 'eA==' },
      stringData: { key: 'value' },
    });
    expect(secret['data']).toEqual({ old: 'eA==', key: Buffer.from('value').toString('base64') });
    expect(secret['stringData']).toBeUndefined();
    expect(secret['type']).toBe('Opaque');
  });

  it.each([
    [{ data: { key: 'sk-not base64' } }, 'data[key]'],
    [{ data: { key: 5 } }, 'data.key'],
    [{ stringData: { key: ['sk-not'] } }, 'data.key'],
    [{ data: { 'a b': 'eA==' } }, 'a valid config key'],
    [{ stringData: { big: 'x'.repeat(1024 * 1024 + 10) } }, 'Too long'],
  ])('refuses %o and shows no value', async (content, text) => {
    const error = await failure(create('Secret', { metadata: { name: 'wrong' }, ...content }));
    expect([error.code, error.message]).toEqual([422, expect.stringContaining(text)]);
    expect(JSON.stringify(error.toStatus())).not.toContain('sk-not');
  });

  it('stays as it is when it is immutable', async () => {
    await create('Secret', { metadata: { name: 'frozen' }, data: { key: 'YQ==' }, immutable: true });
    for (const change of [{ data: { key: 'Yg==' } }, { immutable: false }, { type: 'Other' }]) {
      expect((await failure(patch('Secret', 'frozen', change))).code).toBe(422);
    }
    const labelled = await patch('Secret', 'frozen', { metadata: { labels: { a: 'b' } } });
    expect(labelled.metadata.labels).toEqual({ a: 'b' });
  });
});

describe('Event', () => {
  const event = (name: string, lastTimestamp: number, namespace = 'default'): object => ({
    metadata: { name },
    involvedObject: { kind: 'Task', name: 't', namespace },
    lastTimestamp: new Date(lastTimestamp).toISOString(),
  });

  it('is in the namespace of its object', async () => {
    const error = await failure(create('Event', event('elsewhere', NOW, 'system')));
    expect(error.message).toContain('does not match event.namespace');
  });
});
